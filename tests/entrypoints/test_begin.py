"""What runs long begins with the allocators' settings, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.begin import SETTINGS, runs_long
from tests.http.process import serving


def settings_of(process_id: int) -> dict[str, str]:
    """How the process's own environment has them."""
    environment = Path(f"/proc/{process_id}/environ").read_text().split("\0")
    pairs = (one.partition("=") for one in environment)
    return {name: value for name, _, value in pairs if name in SETTINGS}


def test_what_runs_long_is_the_process_that_was_started_with_more_memory_at_hand(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as (process, address):
        assert address.startswith("http")
        assert settings_of(process.pid) == SETTINGS


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=9"),
        ("DUCKDB_JE_MALLOC_CONF", "tcache_max:65536"),
    ],
)
def test_a_setting_that_somebody_chose_stays(tmp_path: Path, name: str, chosen: str) -> None:
    with serving(tmp_path, **{name: chosen}) as (process, _):
        assert settings_of(process.pid) == {**SETTINGS, name: chosen}


@pytest.mark.parametrize("words", [["report", "exits"], ["record"], ["serve-commands"], []])
def test_what_ends_soon_or_has_no_tables_begins_once(words: list[str]) -> None:
    assert not runs_long(words)


@pytest.mark.parametrize("words", [["project"], ["--name", "north", "serve", "--port", "0"]])
def test_flags_before_the_command_change_nothing(words: list[str]) -> None:
    assert runs_long(words)


def test_duckdb_knows_its_setting_and_says_nothing_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import duckdb; duckdb.sql('select 1').fetchall()"],
        env={**os.environ, **SETTINGS},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
