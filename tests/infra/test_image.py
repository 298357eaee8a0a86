"""The OCI image: its file is sound, its steps run, and what they make runs on a sealed machine.

No engine for containers is needed: the first stage's steps run in a fresh folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.infra.image import (
    FILE,
    ROOT,
    Built,
    built_image,
    files_of_the_context,
    health_check,
    stages,
)

PYTHON = "Programming Language :: Python :: "


def can_seal() -> bool:
    """Whether this account may make a file system read-only for a process."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


needs_sealing = pytest.mark.skipif(
    not can_seal(), reason="it takes root, and a machine that lets root mount: CI is one"
)


def test_the_file_has_nothing_that_is_known_to_go_wrong() -> None:
    tool = Path(sys.executable).with_name("hadolint")
    read = subprocess.run([tool, FILE], capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stdout


def test_both_stages_are_of_one_python_that_the_program_is_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (image,) = {stage[0].words.removesuffix(" AS build") for stage in stages()}
    versions = {one.removeprefix(PYTHON) for one in project["classifiers"] if PYTHON in one}
    assert image in {f"python:{version}-slim" for version in versions}


def test_every_package_of_the_program_is_let_into_the_build() -> None:
    target = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    packages = target["targets"]["wheel"]["packages"]
    let_in = {one.split("/")[0] for one in files_of_the_context()}
    assert {*packages, "pyproject.toml", "uv.lock", "README.md", "LICENSE"} == let_in


def test_it_runs_as_a_number_and_keeps_what_it_writes_in_one_volume() -> None:
    last = dict(stages()[1])
    assert last["USER"] == "10001:10001"
    assert last["VOLUME"] == '["/var/lib/call-ledger"]'
    assert "CALL_LEDGER_PATH=/var/lib/call-ledger" in last["ENV"]


@needs_sealing
@pytest.mark.slow
def test_what_its_steps_make_works_where_nothing_but_its_volume_can_be_written() -> None:
    # One test, because building it takes longer than everything that is tried.
    with built_image() as built:
        has_the_program_and_nothing_to_build_with(built)
        can_write_its_volume_alone(built)
        records_and_reports(built)
        is_found_alive_while_it_serves(built)


def has_the_program_and_nothing_to_build_with(built: Built) -> None:
    programs = {path.name for path in (built.target / "bin").iterdir()}
    assert "call-ledger" in programs
    assert not {name for name in programs if name in {"uv", "uvx", "gcc"} or "pip" in name}
    (packages,) = built.target.glob("lib/python3.*/site-packages")
    assert (packages / "infra" / "topics.yaml").exists()
    assert not [name for name in ("pytest", "tests", "infra/image") if (packages / name).exists()]


def can_write_its_volume_alone(built: Built) -> None:
    probe = built.sealed("sh", "-c", f"id -u; touch {built.target}/x || touch /etc/x || touch /x")
    sealed = subprocess.run(probe, capture_output=True, text=True, check=False)
    assert (sealed.stdout, sealed.stderr.count("Read-only file system")) == ("10001\n", 3)


def records_and_reports(built: Built) -> None:
    for words in (
        ("record", "receive", "--call", "1", "--actor", "system"),
        ("report", "exits"),
        ("sql", "select count(*) from events"),
    ):
        done = built.run(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)


def is_found_alive_while_it_serves(built: Built) -> None:
    with built.serving() as (process, port):
        words = [word.replace("8080", port) for word in health_check()]
        check = built.sealed(*words)
        alive = subprocess.run(check, env=built.variables, capture_output=True, check=False)
        assert alive.returncode == 0, alive.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        gone = subprocess.run(check, env=built.variables, capture_output=True, check=False)
        assert gone.returncode != 0
