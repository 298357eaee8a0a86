"""The systemd units: sound, of processes that the program has, and well shut in."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.entrypoints.calling import PROGRAM, environment
from tests.infra.command_lines import parse
from tests.infra.programs import program

FOLDER = Path(__file__).parents[2] / "infra/systemd"
UNITS = sorted(FOLDER.glob("*.service"))
COMMON = (FOLDER / "call-ledger-.service.d/common.conf").read_text("utf-8")
INSTALLED = "/opt/call-ledger/bin/call-ledger"
WELL_SHUT_IN = 20
"""Of a hundred; what is left is the network, and being on the machine at all."""
NEVER_WRITABLE_AND_RUNNABLE = 65
"""The kernel's number for what `MemoryDenyWriteExecute=` asks, for a process and its children."""


def command_of(unit: Path) -> list[str]:
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text("utf-8"), re.MULTILINE)
    first, *words = line.split()
    assert first == INSTALLED
    return list(words)


def analyzed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What systemd says of the units, with a program in the place of ours that is there."""
    there = folder / "units"
    (there / "call-ledger-.service.d").mkdir(parents=True)
    for one in (*UNITS, FOLDER / "call-ledger-.service.d/common.conf"):
        text = one.read_text("utf-8").replace(INSTALLED, sys.executable)
        (there / one.relative_to(FOLDER)).write_text(text, "utf-8")
    return subprocess.run(
        [program("systemd-analyze"), *words, *(str(there / one.name) for one in UNITS)],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{there}:"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    verified = analyzed(tmp_path, "verify", "--man=no")
    assert (verified.returncode, verified.stderr) == (0, "")


def test_systemd_finds_them_well_shut_in(tmp_path: Path) -> None:
    rated = analyzed(tmp_path, "security", "--offline=true", f"--threshold={WELL_SHUT_IN}")
    assert rated.returncode == 0, rated.stdout


def test_every_process_has_its_unit_and_a_port_of_its_own() -> None:
    parsed = [parse(command_of(unit)) for unit in UNITS]
    names = {f"call-ledger-{name}.service" for name, _ in parsed}
    assert names == {unit.name for unit in UNITS}
    assert {name for name, _ in parsed} == {"serve", "serve-commands", "publish", "project"}
    assert len({options["port"] for _, options in parsed}) == len(UNITS)


def test_a_process_has_time_to_finish_and_is_started_again_unless_a_setting_is_wrong() -> None:
    said = dict(re.findall(r"^(\w+)=(.*)$", COMMON, re.MULTILINE))
    assert int(said["TimeoutStopSec"]) == 90
    assert said["Restart"] == "on-failure"
    assert said["RestartPreventExitStatus"] == "2"
    assert said["StartLimitIntervalSec"] == "0"


def test_the_settings_of_the_example_are_settings() -> None:
    example = (FOLDER / "environment.example").read_text("utf-8")
    named = set(re.findall(r"^(CALL_LEDGER_\w+)=", example, re.MULTILINE))
    assert named <= {f"CALL_LEDGER_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.slow
def test_it_records_and_reports_without_memory_that_is_writable_and_runnable(
    tmp_path: Path,
) -> None:
    def shut_in() -> None:
        if ctypes.CDLL(None).prctl(NEVER_WRITABLE_AND_RUNNABLE, 1, 0, 0, 0) != 0:
            os._exit(99)

    for words in (
        ("record", "receive", "--call", "1", "--actor", "system"),
        ("sql", "select count(*) from events"),
    ):
        done = subprocess.run(
            [*PROGRAM, *words],
            env=environment(tmp_path / "ledger"),
            preexec_fn=shut_in,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 99:
            pytest.skip("this kernel cannot be asked for that: it came with Linux 6.3")
        assert done.returncode == 0, done.stderr
