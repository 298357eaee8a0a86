"""What runs long begins with glibc's setting, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrypoints.begin import MORE_PIECES, SETTING, wants_the_setting
from tests.http.process import serving


def setting_of(process_id: int) -> list[str]:
    """How the process's own environment has it."""
    environment = Path(f"/proc/{process_id}/environ").read_text().split("\0")
    return [
        value for name, _, value in (one.partition("=") for one in environment) if name == SETTING
    ]


def test_what_runs_long_is_the_process_that_was_started_with_more_pieces_at_hand(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as (process, address):
        assert address.startswith("http")
        assert setting_of(process.pid) == [MORE_PIECES]


def test_a_setting_that_somebody_chose_stays(tmp_path: Path) -> None:
    chosen = "glibc.malloc.tcache_count=9"
    with serving(tmp_path, **{SETTING: chosen}) as (process, _):
        assert setting_of(process.pid) == [chosen]


@pytest.mark.parametrize("words", [["report", "exits"], ["record"], ["serve-commands"], []])
def test_what_ends_soon_or_has_no_tables_begins_once(words: list[str]) -> None:
    assert not wants_the_setting(words, {})


@pytest.mark.parametrize("words", [["project"], ["--name", "north", "serve", "--port", "0"]])
def test_flags_before_the_command_change_nothing(words: list[str]) -> None:
    assert wants_the_setting(words, {})
    assert not wants_the_setting(words, {SETTING: ""})
