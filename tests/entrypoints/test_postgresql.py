"""The command line on PostgreSQL says and does what it does on a file."""

from __future__ import annotations

from pathlib import Path

from infra.local.postgresql import LocalPostgresql
from tests.entrypoints.calling import call
from tests.ledger.stores import PostgresqlStore


def test_recording_and_reading_need_nothing_but_the_setting(
    tmp_path: Path, postgresql: LocalPostgresql
) -> None:
    store = {"CALL_LEDGER_STORE": PostgresqlStore.new(postgresql.url).url}
    folder = tmp_path / "ledger"
    nothing = call(folder, "status", variables=store)
    assert (nothing.code, folder.exists()) == (3, False)
    assert "There is no ledger in postgresql://" in nothing.said
    assert call(folder, "simulate", "--calls", "20", variables=store).code == 0
    status = call(folder, "status", "--json", variables=store).json
    assert status["position"] == status["answered_at_position"] > 100
    assert status["store_bytes"] > 0
    assert call(folder, "doctor", variables=store).code == 0
    assert call(folder, "rebuild", "--from-store", variables=store).code == 0
    shown = call(folder, "config", "--json", variables=store).json
    (value,) = [one["value"] for one in shown if one["variable"] == "CALL_LEDGER_STORE"]
    assert "search_path" not in value
    assert not (folder / "ledger.sqlite").exists()


def test_a_ledger_moves_to_postgresql_and_its_reports_stay(
    tmp_path: Path, postgresql: LocalPostgresql
) -> None:
    url = PostgresqlStore.new(postgresql.url).url
    assert call(tmp_path, "simulate", "--calls", "20").code == 0
    before = call(tmp_path, "report", "exits", "--json")
    moved = call(tmp_path, "migrate", "--to", url)
    assert moved.code == 0
    assert "Both are the same." in moved.said
    after = call(tmp_path, "--store", url, "report", "exits", "--json")
    assert after.json == before.json
    assert call(tmp_path, "migrate", "--to", "db/ledger").code == 2
    assert "has a ledger already" in call(tmp_path, "migrate", "--to", url).said
