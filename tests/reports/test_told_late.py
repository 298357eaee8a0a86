"""What is told late, or happens out of the usual order, counts where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from projections.reports.report import Selection
from projections.serving.client import Reader
from tests.reports.asking import groups, total
from tests.reports.week_of_march import Telling

HALF_PAST_EIGHT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
ELEVEN = datetime(2026, 3, 2, 11, tzinfo=UTC)


def tell(ledger: Ledger) -> None:
    """An arrival told after the answer, and two callers whom their agent left alone."""
    late = Telling(ledger, "late", NINE, "pbx")
    late.at(5, "offer", "system", observed=True, agent="agent-1")
    late.at(10, "answer", "agent-1", observed=True)
    late.at(-1, "receive", "system", observed=True, queue="sales")
    late.at(60, "hang-up", "customer", observed=True)
    alone = Telling(ledger, "alone", NINE, "pbx")
    alone.at(0, "receive", "system", queue="sales")
    alone.at(5, "offer", "system", agent="agent-2").at(10, "answer", "agent-2")
    alone.at(60, "exit", "agent-2", observed=True).at(90, "leave", "customer", observed=True)
    waiting = Telling(ledger, "waiting", NINE, "pbx")
    waiting.at(0, "receive", "system", queue="sales")
    waiting.at(5, "offer", "system", agent="agent-3").at(10, "answer", "agent-3")
    waiting.at(60, "request-transfer", "agent-3", target_kind="queue", target="support")
    waiting.at(90, "abandon", "customer")
    changed = Telling(ledger, "changed", NINE, "pbx")
    changed.at(0, "receive", "system", queue="sales")
    changed.at(5, "offer", "system", agent="agent-6").at(10, "answer", "agent-6")
    changed.at(60, "leave", "customer").at(75, "apply-wrap-up", "agent-6", reason="sold")
    changed.at(600, "apply-wrap-up", "agent-6", observed=True, reason="returned")
    held = Telling(ledger, "held", ELEVEN, "pbx")
    held.at(0, "receive", "system", queue="sales").at(5, "offer", "system", agent="agent-8")
    held.at(10, "answer", "agent-8").at(20, "hold", "agent-8").at(50, "resume", "agent-8")
    held.at(60, "hold", "agent-8")
    going_on = Telling(ledger, "held for the first time", ELEVEN, "pbx")
    going_on.at(0, "receive", "system", queue="sales").at(5, "offer", "system", agent="agent-8")
    going_on.at(10, "answer", "agent-8").at(20, "hold", "agent-8")
    for seconds in (30, 60):
        gone = Telling(ledger, f"gone after {seconds}", ELEVEN, "pbx")
        gone.at(0, "receive", "system", queue="sales").at(5, "offer", "system", agent="agent-9")
        gone.at(30, "abandon", "customer").at(seconds, "answer", "agent-9", observed=True)
    Telling(ledger, "stray", NINE, "pbx").at(0, "answer-consult", "agent-7", observed=True)
    joined = Telling(ledger, "joined", NINE, "pbx")
    joined.at(0, "receive", "system", queue="returns")
    joined.at(5, "offer", "system", agent="agent-10").at(10, "answer", "agent-10")
    joined.at(20, "answer-consult", "agent-11", observed=True)
    joined.at(30, "start-conference", "agent-10", observed=True, member="agent-11")
    joined.at(90, "exit", "agent-11").at(100, "answer-consult", "agent-11", observed=True)
    joined.at(110, "accept-transfer", "agent-11", observed=True).at(150, "leave", "customer")
    member = Telling(ledger, "member", HALF_PAST_EIGHT, "pbx")
    member.at(0, "receive", "system", queue="sales")
    member.at(5, "offer", "system", agent="agent-4").at(10, "answer", "agent-4")
    member.at(20, "start-consult", "agent-4", target_kind="agent", target="agent-5")
    member.at(30, "answer-consult", "agent-5").at(40, "start-conference", "agent-4")
    member.at(50, "exit", "agent-5").at(60, "leave", "customer")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder: Path = tmp_path_factory.mktemp("late")
    with Ledger.open(folder) as ledger:
        tell(ledger)
    with Reader(folder) as reading:
        yield reading


def test_a_call_enters_when_it_was_received_whenever_that_is_told(reader: Reader) -> None:
    assert groups(reader, "open", "hour", of=Selection())["2026-03-02T08:00:00Z"]["entered"] == 2
    (wait,) = reader.ask("select wait_seconds from calls where call_id = 'late'").table.to_pylist()
    assert wait == {"wait_seconds": 11.0}


def test_another_reason_told_later_is_the_reason_and_takes_no_more_time(reader: Reader) -> None:
    found = groups(reader, "wrap-ups", "reason")
    assert (found["returned"]["wrap_ups"], found["returned"]["mean_wrap_up_seconds"]) == (1, 15.0)
    assert "sold" not in found
    given = "select reason_given from wrap_ups where reason = 'returned'"
    assert reader.ask(given).table.to_pylist() == [{"reason_given": "sold"}]
    assert groups(reader, "agents", "agent")["agent-6"]["wrap_up_seconds"] == 15.0


def test_a_call_whose_only_hold_goes_on_has_no_hold_time_yet_and_none_in_the_mean(
    reader: Reader,
) -> None:
    for by in ("agent", "queue", "hour"):
        of = Selection(agent="agent-8") if by != "agent" else Selection()
        found = groups(reader, "holds", by, of=of)
        row = found["agent-8"] if by == "agent" else next(iter(found.values()))
        assert (row["holds"], row["held_calls"], row["hold_seconds"]) == (3, 2, 30.0)
        assert row["mean_hold_seconds_per_held_call"] == 30.0
    by_end = groups(reader, "holds", "ended_how", of=Selection(agent="agent-8"))
    assert by_end[None]["mean_hold_seconds_per_held_call"] is None


def test_an_answer_after_the_caller_has_given_up_is_no_connection(reader: Reader) -> None:
    agent = total(reader, "agents", of=Selection(agent="agent-9"))
    assert (agent["contacts_handled"], agent["talk_seconds"]) == (0, 0.0)
    asked = "select answered_at, first_agent, wait_seconds from calls where call_id like 'gone %'"
    answer = reader.ask(asked).table.to_pylist()
    assert answer == [{"answered_at": None, "first_agent": None, "wait_seconds": 30.0}] * 2


def test_a_call_that_nobody_owns_is_where_the_rules_see_it(reader: Reader) -> None:
    (stray,) = reader.ask("select phase from calls where call_id = 'stray'").table.to_pylist()
    assert stray == {"phase": "queued"}


def test_an_agent_who_leaves_the_customer_alone_has_hung_up_first(reader: Reader) -> None:
    """Not so who hands over to a queue, and who leaves while another agent stays."""
    assert total(reader, "exits")["agent_hung_up_first"] == 1
    asked = "select call_id from calls where agent_hung_up_first"
    assert reader.ask(asked).table.to_pylist() == [{"call_id": "alone"}]


def test_talk_before_a_hold_that_goes_on_counts_whichever_hold_it_is(reader: Reader) -> None:
    # 10 and 10 around the first hold of one call, and 10 before the only hold of the other.
    agent = groups(reader, "agents", "agent")["agent-8"]
    assert agent["talk_seconds"] == 30.0
    assert agent["hold_seconds"] == 30.0


def test_who_came_in_by_a_consult_that_nobody_told_talks_from_the_conference_or_transfer_on(
    reader: Reader,
) -> None:
    # From 30 to 90 in conference, and from 110 to 150 as the owner.
    agent = total(reader, "agents", of=Selection(agent="agent-11"))
    assert (agent["contacts_handled"], agent["talk_seconds"]) == (2, 100.0)
    assert agent["conference_seconds"] == 60.0
