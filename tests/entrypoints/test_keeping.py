"""Filling a ledger and keeping it: simulate, demo, import, quarantine, rebuild, doctor."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import orjson
import pytest

from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.quarantine import Unread
from projections.places import current
from projections.serving.server import owning
from tests.entrypoints.calling import call

SAMPLES = Path(__file__).parents[1] / "importers" / "samples"


def documents_in(folder: Path) -> list[bytes]:
    with StoreFeed(folder) as feed:
        return [document for batch in feed.batches(0) for document in batch.documents]


def without_recorded_at(document: bytes) -> bytes:
    said = orjson.loads(document)
    del said["recordedat"]
    return orjson.dumps(said)


def test_the_same_seed_gives_the_same_history_and_again_adds_nothing(tmp_path: Path) -> None:
    simulate = ("simulate", "--calls", "20", "--seed", "3")
    first, second = tmp_path / "first", tmp_path / "second"
    told = call(first, *simulate)
    assert told.code == 0
    assert "commands recorded as" in told.out
    assert call(second, *simulate).code == 0
    once = [without_recorded_at(one) for one in documents_in(first)]
    assert once == [without_recorded_at(one) for one in documents_in(second)]
    assert len(once) > 100
    again = call(first, *simulate)
    assert again.out.startswith("0 commands recorded as 0 events, 0 refused by the rules.")
    assert "were known already" in again.out
    assert len(documents_in(first)) == len(once)


def test_a_rate_paces_the_recording(tmp_path: Path) -> None:
    answer = call(tmp_path, "simulate", "--calls", "2", "--rate", "1000")
    assert answer.code == 0
    assert len(documents_in(tmp_path)) > 5


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_demo_reports_and_says_what_to_try_next(tmp_path: Path, columns: str) -> None:
    answer = call(tmp_path, "demo", "--calls", "40", variables={"COLUMNS": columns})
    assert answer.code == 0
    assert answer.err == ""
    for words in ("A day of 40 calls.", "Transfers:", "Wrap-ups:", "Try next"):
        assert words in answer.said
    _, _, tips = answer.out.partition("Try next")
    commands = [line.strip() for line in tips.splitlines() if line.strip()]
    assert len(commands) == 6
    assert all(command.startswith("call-ledger ") for command in commands)


def test_an_import_is_recorded_as_observations_and_once(tmp_path: Path) -> None:
    sample = str(SAMPLES / "with_times.json")
    first = call(tmp_path, "import", "webex", sample)
    assert first.code == 0
    events = len(documents_in(tmp_path))
    assert events > 0
    again = call(tmp_path, "import", "webex", sample)
    assert "0 commands recorded as 0 events" in again.out
    assert len(documents_in(tmp_path)) == events


def test_what_an_import_cannot_read_is_in_quarantine_and_a_finding(tmp_path: Path) -> None:
    answer = call(tmp_path, "import", "webex", str(SAMPLES / "partly_unreadable.json"))
    assert answer.code == 1
    assert "could not be read: call-ledger quarantine list." in answer.out
    listed = call(tmp_path, "quarantine", "list", "--json")
    assert listed.code == 1
    assert listed.json


def test_what_waits_in_quarantine_is_shown_tried_again_and_discarded(tmp_path: Path) -> None:
    unknown_field = b'{"type":"call.receive.v1","call_id":"1","actor":"system","colour":"r\x1bd"}'
    call(tmp_path, "record", "--lines", "-", typed=b'{"type": 1}\n' + unknown_field)
    listed = call(tmp_path, "quarantine", "list")
    for step in ("show NUMBER", "discard NUMBER --why TEXT", "retry NUMBER"):
        assert f"quarantine {step}" in listed.said
    assert listed.code == 1
    assert "type" in listed.out
    shown = call(tmp_path, "quarantine", "show", "2")
    assert shown.code == 0
    assert "from -:2" in shown.out
    assert "\x1b" not in shown.out, "what others wrote does not steer the terminal"
    retried = call(tmp_path, "quarantine", "retry", "1", "--who", "anna")
    assert retried.code == 1
    assert "Still not readable" in retried.out
    assert call(tmp_path, "quarantine", "list").code == 1
    for number in ("1", "2"):
        gone = call(tmp_path, "quarantine", "discard", number, "--why", "a test", "--who", "anna")
        assert gone.code == 0
    assert call(tmp_path, "quarantine", "list").out == "Nothing waits in quarantine.\n"
    assert "discarded by anna" in call(tmp_path, "quarantine", "show", "1").out
    assert len(call(tmp_path, "quarantine", "list", "--all", "--json").json) == 2
    again = call(tmp_path, "quarantine", "discard", "1", "--why", "twice")
    assert again.code == 3
    assert "there is nothing left to do" in again.err


def test_a_doctor_finds_nothing_wrong_with_a_sound_ledger(told: Path) -> None:
    answer = call(told, "doctor", "--json")
    assert answer.code == 0
    assert [one["check"] for one in answer.json] == [
        *("libraries", "space", "store", "positions", "versions", "documents", "tables", "doors")
    ]
    assert "70 events of 70 are in the tables" in call(told, "doctor").said


REPLACED = (
    "UPDATE events SET document = CAST(replace(CAST(document AS TEXT), '{}', '{}') AS BLOB)"
    " WHERE position = (SELECT min(position) FROM events WHERE version = 2)"
)


@pytest.mark.parametrize(
    ("change", "check", "sentence"),
    [
        ("DELETE FROM events WHERE position = 5", "positions", "Position 5 is missing: restore"),
        ("DELETE FROM events WHERE position IN (5, 6)", "positions", "5 is missing, and 1 more"),
        ("DELETE FROM events WHERE position = 1", "positions", "Position 1 is missing: restore"),
        (REPLACED.format('"version":2', '"version":9'), "versions", "from version 1 to 9"),
        (REPLACED.format('"type":"call.', '"type":"cold.'), "documents", "cannot be read"),
        (REPLACED.format('"data":', '"date":'), "documents", "cannot be read"),
        ("UPDATE events SET document = X'7B7D' WHERE position = 4", "documents", "position 4"),
    ],
)
def test_a_doctor_finds_what_is_missing_or_cannot_be_read(
    tmp_path: Path, change: str, check: str, sentence: str
) -> None:
    call(tmp_path, "simulate", "--calls", "3")
    store = sqlite3.connect(tmp_path / "ledger.sqlite")
    store.execute("PRAGMA foreign_keys = off")
    for (trigger,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        store.execute(f"DROP TRIGGER {trigger}")
    store.execute(change)
    store.commit()
    store.close()
    answer = call(tmp_path, "doctor", "--json")
    assert answer.code == 1
    (found,) = [one for one in answer.json if one["check"] == check]
    assert found["verdict"] == "finding"
    assert sentence in found["says"]


def test_a_doctor_finds_calls_that_commands_and_then_observations_have_told(
    tmp_path: Path,
) -> None:
    steps = [
        {"type": "call.receive.v1", "actor": "system", "queue": "q"},
        {"type": "call.offer.v1", "actor": "system", "agent": "a1"},
        {"type": "call.answer.v1", "actor": "a1"},
        {"type": "call.hold.v1", "actor": "a1"},
        {"type": "call.resume.v1", "actor": "a1"},
        {"type": "call.end-call.v1", "actor": "a1"},
    ]
    for door in ({}, {"observed": True}):
        lines = b"\n".join(
            orjson.dumps(
                {**step, **door, "call_id": "K1", "occurred_at": f"2026-03-02T09:00:0{second}Z"}
            )
            for second, step in enumerate(steps)
        )
        assert call(tmp_path, "record", "--lines", "-", typed=lines).code == 0
        answer = call(tmp_path, "doctor", "--json")
        assert answer.code == (1 if door else 0)
    found = answer.json[-1]
    assert (found["check"], found["verdict"]) == ("doors", "finding")
    assert "In 1 call, such as K1, observations tell again" in found["says"]


def test_a_doctor_finds_tables_that_disagree(tmp_path: Path) -> None:
    call(tmp_path, "simulate", "--calls", "3")
    call(tmp_path, "report", "exits")
    with owning(tmp_path) as owner, owner.writing() as projections:
        schema = current(projections.connection).schemas["calls"]
        projections.connection.execute(f"delete from {schema}.calls where call_position = 1")
    answer = call(tmp_path, "doctor")
    assert answer.code == 1
    assert "call-ledger rebuild" in answer.said
    assert call(tmp_path, "rebuild").code == 1
    assert call(tmp_path, "doctor").code == 0


def test_what_waits_behind_a_thousand_resolved_entries_is_listed(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.quarantine.add_many(
            [Unread(f"line {n}", b"{}", "It is empty.") for n in range(1_500)]
        )
    store = sqlite3.connect(tmp_path / "ledger.sqlite")
    store.execute("UPDATE quarantine SET state = 'discarded' WHERE number <= 1200")
    store.commit()
    store.close()
    with owning(tmp_path) as owner, owner.writing() as projections:
        projections.connection.execute(
            "insert into dead_letters (topic, partition_number, message_offset, reason,"
            " is_as_published, original, state)"
            " select 'call-events', 0, range, 'It is cut.', true, 'ab',"
            " if(range < 1_200, 'read', 'waiting') from range(1_500)"
        )
    listed = call(tmp_path, "quarantine", "list", "--json")
    assert listed.code == 1
    assert len(listed.json) == 600
    assert [one["number"] for one in listed.json[:2]] == [1201, 1202]
    assert listed.json[-1]["number"] == "kafka-1500"
    assert len(call(tmp_path, "quarantine", "list", "--all", "--json").json) == 3_000
    shown = call(tmp_path, "quarantine", "show", "kafka-1400")
    assert shown.code == 0
    assert "offset 1399" in shown.out
