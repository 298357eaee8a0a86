"""A replay answers the same, byte for byte, whatever keeps the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.history import ArchiveHistory
from infra.local.postgresql import LocalPostgresql
from ledger.replay import parts
from ledger.replay.history import StoreHistory
from tests.entrypoints.calling import call
from tests.ledger.stores import PostgresqlStore


def questions(folder: Path, rules: str) -> list[tuple[str, ...]]:
    """Of all, of a part by positions, and of one call."""
    asked = ("replay", "--rules", rules, "--json")
    differing = call(folder, *asked).json["differences"][-1]["call_id"]
    return [
        asked,
        (*asked, "--against", "multi-party"),
        (*asked, "--from", "120", "--to", "300"),
        (*asked, "--from", "2026-01-01"),
        (*asked, "--call", differing),
    ]


def test_postgresql_answers_as_sqlite_does(
    simulated: Path,
    no_hold: str,
    postgresql: LocalPostgresql,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = PostgresqlStore.new(postgresql.url).url
    assert call(simulated, "migrate", "--to", url).code == 0
    for asked in questions(simulated, no_hold):
        answer = call(tmp_path, "--store", url, *asked)
        assert answer.out == call(simulated, *asked).out, answer.err
    asked = questions(simulated, no_hold)[0]
    expected = call(simulated, *asked).out
    monkeypatch.setattr(parts, "PROCESS_EVENTS", 1)
    monkeypatch.setattr(StoreHistory, "part_events", 150)
    assert call(tmp_path, "--store", url, *asked).out == expected


def test_an_archive_answers_without_a_store(simulated: Path, no_hold: str, tmp_path: Path) -> None:
    place = str(tmp_path / "archive")
    assert call(simulated, "archive", "create", place, "--segment-rows", "90").code == 0
    nowhere = tmp_path / "nowhere"
    for asked in questions(simulated, no_hold):
        answer = call(nowhere, *asked, "--archive", place)
        assert answer.out == call(simulated, *asked).out, answer.err
    assert not nowhere.exists()
    first = min(Path(place).glob("events-*.parquet"))
    first.write_bytes(first.read_bytes()[:-1])
    changed = call(nowhere, "replay", "--rules", "seed", "--archive", place)
    assert changed.code == 3
    assert f"{first.name} is missing or was changed" in changed.said


def test_several_processes_read_each_place(
    simulated: Path, no_hold: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "archive")
    assert call(simulated, "archive", "create", place).code == 0
    asked = ("replay", "--rules", no_hold, "--json")
    expected = call(simulated, *asked).out
    monkeypatch.setattr(parts, "PROCESS_EVENTS", 1)
    monkeypatch.setattr(ArchiveHistory, "part_events", 150)
    assert call(tmp_path, *asked, "--archive", place).out == expected
