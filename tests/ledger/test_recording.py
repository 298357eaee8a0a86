"""Taking commands: recorded or refused, once, durable, each against the state it meets."""

from __future__ import annotations

import orjson
import pytest

from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from tests.ledger.scenes import (
    command,
    connected,
    recorded,
    refused,
    requests,
    standing_clock,
)


def test_a_command_is_recorded_as_one_compact_cloud_event(folder: LedgerFolder) -> None:
    receive = command("receive", "system", queue="sales", correlation_id="case-7")
    with Ledger.open(folder, clock=standing_clock) as ledger:
        outcome = recorded(ledger.record(receive))
    (document,) = outcome.documents
    read = orjson.loads(document)
    ruleset_hash = read.pop("rulesethash")
    assert len(ruleset_hash) == 16
    assert read == {
        "specversion": "1.0",
        "id": "call-1/1",
        "type": "call.received.v1",
        "source": "test",
        "subject": "call-1",
        "time": "2026-01-01T10:00:00.123456Z",
        "recordedat": "2026-01-01T10:00:00.123456Z",
        "version": 1,
        "actor": "system",
        "role": "system",
        "via": "desktop",
        "commandid": str(receive.command_id),
        "correlationid": "case-7",
        "ruleset": "seed",
        "data": {"stay_number": 1, "queue": "sales", "channel": "telephony"},
    }
    assert list(read)[:8] == [
        "specversion", "id", "type", "source", "subject", "time", "recordedat", "version",
    ]  # fmt: skip
    assert document == orjson.dumps(orjson.loads(document))


def test_the_bytes_answered_are_the_bytes_stored(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        outcomes = [recorded(ledger.record(one)) for one in connected()]
    answered = [document for outcome in outcomes for document in outcome.documents]
    with StoreFeed(folder) as feed:
        assert feed.documents_of("test", "call-1") == answered
        (batch,) = feed.batches(0)
    assert list(batch.documents) == answered
    assert list(batch.positions) == [1, 2, 3]
    assert list(batch.call_positions) == [1, 1, 1]


def test_a_command_with_several_events_records_all_of_them_together(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
        outcome = recorded(ledger.record(command("leave", "customer")))
    types = [orjson.loads(document)["type"] for document in outcome.documents]
    assert types == ["call.exited.v1", "call.exited.v1", "call.ended.v1"]
    assert (outcome.position, outcome.version) == (6, 6)


def test_a_refusal_is_kept_as_evidence_outside_the_call(folder: LedgerFolder) -> None:
    asked = command("resume", "agent-1", expected_version=3)
    with Ledger.open(folder, clock=standing_clock) as ledger:
        ledger.record_many(requests(connected()))
        outcome = refused(ledger.record(asked))
    assert (outcome.number, outcome.rule) == (1, "H1")
    with StoreFeed(folder) as feed:
        assert feed.head() == (3, 1)
        (batch,) = feed.refusals(0)
    (number,) = batch.numbers
    evidence = orjson.loads(batch.documents[0])
    assert number == 1
    assert evidence["id"] == "refusal/1"
    assert evidence["type"] == "ledger.command-refused.v1"
    assert (evidence["subject"], evidence["actor"]) == ("call-1", "agent-1")
    assert evidence["role"] == "owner"
    assert evidence["time"] == "2026-01-01T10:00:00.123456Z"
    assert evidence["commandid"] == str(asked.command_id)
    assert evidence["data"] == {
        "command": "call.resume.v1",
        "rule": "H1",
        "sentence": outcome.sentence,
        "arguments": {"expected_version": 3},
    }


def test_an_observation_is_recorded_with_the_rules_it_broke(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
        outcome = recorded(ledger.record(command("resume", "agent-1"), observed=True))
    read = orjson.loads(outcome.documents[0])
    assert read["observed"] is True
    assert read["rulesbroken"] == "H1"


def test_a_stale_command_is_refused_as_such(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
        stale = refused(ledger.record(command("hold", "agent-1", expected_version=2)))
        fresh = recorded(ledger.record(command("hold", "agent-1", expected_version=3)))
    assert stale.rule == "L2"
    assert fresh.version == 4


@pytest.mark.parametrize("reopened", [False, True], ids=["at once", "after a restart"])
def test_a_repeated_command_yields_its_first_outcome_and_nothing_new(
    folder: LedgerFolder, reopened: bool
) -> None:
    commands = [*connected(), command("hold", "agent-1"), command("hold", "agent-1")]
    ledger = Ledger.open(folder)
    first = ledger.record_many(requests(commands))
    if reopened:
        ledger.close()
        ledger = Ledger.open(folder)
    again = ledger.record_many(requests(commands))
    ledger.close()
    refused(first[-1])
    for before, after in zip(first, again, strict=True):
        assert not before.repeated
        assert after.repeated
        if hasattr(before, "documents"):
            assert recorded(after).documents == recorded(before).documents
            assert recorded(after).position == recorded(before).position
        else:
            assert refused(after).number == refused(before).number
    with StoreFeed(folder) as feed:
        assert feed.head() == (4, 1)


def test_a_command_repeated_within_one_group_is_taken_once(folder: LedgerFolder) -> None:
    receive = command("receive", "system")
    wrong = command("resume", "agent-1")
    with Ledger.open(folder) as ledger:
        first, second, third, fourth = ledger.record_many(
            requests([receive, receive, wrong, wrong])
        )
    assert recorded(first).documents == recorded(second).documents
    assert (first.repeated, second.repeated) == (False, True)
    assert (refused(third).number, refused(fourth).number) == (1, 1)
    with StoreFeed(folder) as feed:
        assert feed.head() == (1, 1)


@pytest.mark.parametrize("together", [True, False])
def test_a_command_id_of_another_call_is_refused_once(folder: LedgerFolder, together: bool) -> None:
    receive = command("receive", "system", "call-1")
    reused = receive.model_copy(update={"call_id": "call-2"})
    with Ledger.open(folder) as ledger:
        if together:
            _, outcome, again = ledger.record_many(requests([receive, reused, reused]))
        else:
            ledger.record(receive)
            outcome, again = ledger.record(reused), ledger.record(reused)
    assert refused(outcome).rule == "L5"
    assert refused(again).number == refused(outcome).number
    with StoreFeed(folder) as feed:
        assert feed.head() == (1, 1)
        assert feed.documents_of("test", "call-2") == []


def test_one_refusal_in_a_group_leaves_the_others_alone(folder: LedgerFolder) -> None:
    group = [
        *connected("call-1"),
        command("resume", "agent-1", "call-1"),
        *connected("call-2"),
        command("hold", "agent-1", "call-1"),
    ]
    with Ledger.open(folder) as ledger:
        outcomes = ledger.record_many(requests(group))
    assert [type(one).__name__ for one in outcomes].count("RefusedOutcome") == 1
    assert refused(outcomes[3]).rule == "H1"
    assert recorded(outcomes[-1]).version == 4


def test_two_sources_may_use_the_same_call_id(folder: LedgerFolder) -> None:
    ours = command("receive", "system", queue="sales")
    theirs = command("receive", "system", source="other", queue="help")
    with Ledger.open(folder) as ledger:
        outcomes = ledger.record_many(requests([ours, theirs]))
    assert [recorded(one).version for one in outcomes] == [1, 1]
    with StoreFeed(folder) as feed:
        (document,) = feed.documents_of("other", "call-1")
    assert orjson.loads(document)["data"]["queue"] == "help"


def test_calls_that_left_the_cache_are_rebuilt_by_replay(folder: LedgerFolder) -> None:
    names = [f"call-{number}" for number in range(20)]
    with Ledger.open(folder, cached_calls=3) as ledger:
        for name in names:
            ledger.record_many(requests(connected(name)))
        held = [recorded(ledger.record(command("hold", "agent-1", name))) for name in names]
        again = [refused(ledger.record(command("hold", "agent-1", name))) for name in names]
    assert {one.version for one in held} == {4}
    assert {one.rule for one in again} == {"H1"}


def test_a_call_goes_on_after_a_restart_where_it_stood(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests([*connected(), command("hold", "agent-1")]))
    with Ledger.open(folder) as ledger:
        assert refused(ledger.record(command("hold", "agent-1"))).number == 1
        outcome = recorded(ledger.record(command("resume", "agent-1")))
    assert (outcome.position, outcome.version) == (5, 5)


def test_a_call_of_ten_thousand_events_goes_on(folder: LedgerFolder) -> None:
    turns = ["hold" if number % 2 == 0 else "resume" for number in range(9_997)]
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests([*connected(), *(command(turn, "agent-1") for turn in turns)]))
    with Ledger.open(folder) as ledger:
        outcome = recorded(ledger.record(command("resume", "agent-1")))
    assert outcome.version == 10_001
    with StoreFeed(folder) as feed:
        assert len(feed.documents_of("test", "call-1")) == 10_001


def test_the_source_may_say_that_its_times_are_derived(folder: LedgerFolder) -> None:
    receive = command("receive", "system", time_source="derived", causation_id="file-1")
    with Ledger.open(folder) as ledger:
        (document,) = recorded(ledger.record(receive)).documents
    assert orjson.loads(document)["timesource"] == "derived"
    assert orjson.loads(document)["causationid"] == "file-1"


def test_times_are_written_in_utc_with_six_decimals(folder: LedgerFolder) -> None:
    receive = command("receive", "system", occurred_at="2026-07-01T00:30:00+02:00")
    with Ledger.open(folder) as ledger:
        (document,) = recorded(ledger.record(receive)).documents
    assert orjson.loads(document)["time"] == "2026-06-30T22:30:00.000000Z"
