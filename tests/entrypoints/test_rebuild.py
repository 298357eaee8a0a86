"""`call-ledger rebuild`, beside whoever has the tables, and what it keeps of the differences."""

from __future__ import annotations

import csv
from contextlib import nullcontext
from pathlib import Path

import orjson
import pyarrow.parquet
import pytest

from ledger.feed import StoreFeed
from projections.building import build
from projections.places import current
from projections.serving.server import owning
from tests.entrypoints.calling import call
from tests.projections.damaged_store import damage, document_at

DIFFERENCE = ("exits", '{"call_position":1,"exit_number":1}', "reason", "=x", "customer_left")


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A ledger of one call whose tables say that it was left for another reason."""
    call(tmp_path, "record", "receive", "--call", "1", "--actor", "system")
    call(tmp_path, "record", "leave", "--call", "1", "--actor", "customer")
    call(tmp_path, "report", "exits")
    with owning(tmp_path) as owner, owner.writing() as projections:
        schema = current(projections.connection).schemas["exits"]
        projections.connection.execute(f"update {schema}.exits set reason = '=x'")
    return tmp_path


def test_a_rebuild_of_right_tables_comes_out_the_same(told: Path) -> None:
    answer = call(told, "rebuild")
    assert answer.code == 0
    assert answer.out == "Every table came out the same, at position 70.\n"
    assert call(told, "rebuild", "--json").json == {
        "position": 70,
        "read_until": None,
        "changed": [],
        "differences": [],
    }


def test_a_rebuild_shows_the_models_rows_and_columns_that_differ(wrong: Path) -> None:
    answer = call(wrong, "rebuild")
    assert answer.code == 1
    for words in ("exits", "reason 1", "=x customer_left", "--diff FILE keeps all of them."):
        assert words in answer.said
    assert call(wrong, "rebuild").code == 0


def test_a_rebuild_is_done_by_the_process_that_has_the_tables(wrong: Path) -> None:
    with owning(wrong, lambda: StoreFeed(wrong)):
        answer = call(wrong, "rebuild", "--json")
        assert answer.code == 1
        (changed,) = answer.json["changed"]
        assert (changed["model"], changed["columns"]) == ("exits", {"reason": 1})
        assert [tuple(one.values()) for one in answer.json["differences"]] == [DIFFERENCE]
        assert call(wrong, "rebuild").code == 0


def test_what_differs_is_kept_as_csv_json_lines_or_parquet(wrong: Path) -> None:
    assert call(wrong, "rebuild", "--keep", "--diff", str(wrong / "all.csv")).code == 1
    with (wrong / "all.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["model", "key", "column", "before", "after"],
            ["exits", DIFFERENCE[1], "reason", "'=x", "customer_left"],
        ]
    assert call(wrong, "rebuild", "--dry-run").code == 0
    assert call(wrong, "rebuild", "--back", "--diff", str(wrong / "all.jsonl")).code == 1
    (line,) = (wrong / "all.jsonl").read_bytes().splitlines()
    assert orjson.loads(line)["after"] == "=x"
    assert call(wrong, "rebuild", "--diff", str(wrong / "all.parquet")).code == 1
    (row,) = pyarrow.parquet.read_table(wrong / "all.parquet").to_pylist()
    assert tuple(row.values()) == DIFFERENCE


def test_a_file_that_cannot_be_written_is_said_before_anything_is_done(wrong: Path) -> None:
    for name, words in (("all.txt", "must end in"), ("none/all.csv", "cannot be written")):
        answer = call(wrong, "rebuild", "--diff", str(wrong / name))
        assert answer.code == 2
        assert words in answer.said
    assert list(wrong.glob("all*")) == []
    assert call(wrong, "rebuild").code == 1


@pytest.mark.parametrize("has_owner", [False, True])
def test_everything_is_read_again_from_store_or_archive_beside_tables_that_answer(
    wrong: Path, has_owner: bool
) -> None:
    archive = str(wrong / "archive")
    assert call(wrong, "archive", "create", archive).code == 0
    for place in (("--from-store",), ("--from-archive", archive)):
        spoil_an_event(wrong)
        with owning(wrong, lambda: StoreFeed(wrong)) if has_owner else nullcontext():
            assert call(wrong, "rebuild", *place, "--dry-run").code == 0
            answer = call(wrong, "rebuild", *place, "--json")
        assert (answer.code, answer.json["read_until"]) == (1, 4)
        events = answer.json["changed"][0]
        assert (events["model"], events["rows_before"], events["rows_after"]) == ("events", 4, 4)
        assert events["columns"] == {"queue": 1}
        assert "=queue" not in call(wrong, "sql", "select queue from calls").said
        assert call(wrong, "rebuild", *place).out == (
            "Every table came out the same, at position 4.\n"
        )


def spoil_an_event(folder: Path) -> None:
    """Let the tables, and the events that they are made of, have a queue that nobody recorded."""
    with owning(folder) as owner, owner.writing() as projections:
        projections.connection.execute("update events set queue = '=queue' where position = 1")
        build(projections)


def test_an_archive_that_is_behind_says_how_far_it_was_read(wrong: Path) -> None:
    archive = str(wrong / "archive")
    assert call(wrong, "archive", "create", archive).code == 0
    call(wrong, "record", "receive", "--call", "2", "--actor", "system")
    answer = call(wrong, "rebuild", "--from-archive", archive)
    assert "The archive was read up to position 4" in answer.said


def test_an_archive_of_another_ledger_replaces_nothing(wrong: Path, tmp_path: Path) -> None:
    other, archive = tmp_path / "other", str(tmp_path / "archive")
    call(other, "record", "receive", "--call", "1", "--actor", "system")
    assert call(other, "archive", "create", archive).code == 0
    answer = call(wrong, "rebuild", "--from-archive", archive)
    assert answer.code == 3
    assert "The archive is of another ledger than the tables" in answer.said
    assert call(wrong, "rebuild", "--from-store", "--from-archive", archive).code == 2
    assert call(wrong, "rebuild", "--from-store", "--back").code == 2


def test_a_dry_run_says_what_would_be_computed_and_how_long_it_takes(wrong: Path) -> None:
    for has_owner in (False, True):
        with owning(wrong, lambda: StoreFeed(wrong)) if has_owner else nullcontext():
            answer = call(wrong, "rebuild", "--dry-run", "--json")
            assert answer.code == 0
            found = answer.json
            assert (found["events"], found["sample_events"]) == (4, 4)
            assert found["tables"]["calls"] == 1
            assert 0 < found["seconds"] < 60
    assert "about" in call(wrong, "rebuild", "--dry-run").said
    assert call(wrong, "rebuild").code == 1


def test_there_is_nothing_to_go_back_to_unless_it_was_kept(wrong: Path) -> None:
    answer = call(wrong, "rebuild", "--back")
    assert answer.code == 3
    assert "`call-ledger rebuild --keep`" in answer.said
    assert call(wrong, "rebuild", "--keep", "--back").code == 2


def test_an_unreadable_event_stops_who_reads_again_and_the_tables_stay(wrong: Path) -> None:
    damage(wrong, 2, document_at(wrong, 2)[:40])
    for has_owner in (False, True):
        with owning(wrong, lambda: StoreFeed(wrong)) if has_owner else nullcontext():
            stopped = call(wrong, "rebuild", "--from-store")
            assert stopped.code == 1
            assert "position 2 of the event store cannot be read: It is not JSON" in stopped.said
            assert "--set-aside-unreadable" in stopped.said
        assert call(wrong, "report", "exits").code == 0


@pytest.mark.parametrize("has_owner", [False, True])
def test_an_unreadable_event_stops_reports_until_it_is_set_aside(
    wrong: Path, has_owner: bool
) -> None:
    call(wrong, "record", "receive", "--call", "2", "--actor", "system")
    damage(wrong, 5, document_at(wrong, 5)[:40])
    with owning(wrong, lambda: StoreFeed(wrong)) if has_owner else nullcontext():
        stopped = call(wrong, "rebuild")
        assert stopped.code == 1
        assert "position 5 of the event store cannot be read: It is not JSON" in stopped.said
        assert call(wrong, "rebuild", "--set-aside-unreadable", "--back").code == 2
        went_on = call(wrong, "rebuild", "--set-aside-unreadable")
        assert went_on.code == 1
        assert [one["model"] for one in call(wrong, "rebuild", "--json").json["changed"]] == []
    listed = call(wrong, "quarantine", "list", "--json")
    assert [one["number"] for one in listed.json] == ["store-1"]
    assert listed.json[0]["origin"] == "event store, position 5"
    assert call(wrong, "quarantine", "retry", "store-1").code == 1


def test_a_restored_store_is_read_again_and_nothing_is_incomplete(wrong: Path) -> None:
    whole = document_at(wrong, 2)
    damage(wrong, 2, b"{}")
    aside = call(wrong, "rebuild", "--from-store", "--set-aside-unreadable", "--json")
    assert aside.code == 1
    assert "Events set aside: 1." in aside.said
    assert aside.json["changed"][0]["model"] == "events"
    assert "1 calls are incomplete" in call(wrong, "report", "exits").said
    assert call(wrong, "rebuild").code == 0
    damage(wrong, 2, whole)
    assert call(wrong, "rebuild", "--from-store").code == 1
    assert call(wrong, "quarantine", "list").code == 0
    assert "incomplete" not in call(wrong, "report", "exits").said
    assert call(wrong, "rebuild", "--from-store").code == 0
