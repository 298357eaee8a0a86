"""A simulated day goes through the rules like any other, and repeats itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain.call import Call
from domain.commands import Command
from domain.decide import Refused, decide
from domain.event import Event
from domain.events import (
    Abandoned,
    Answered,
    ConferenceStarted,
    ConsultAnswered,
    ConsultStarted,
    Exited,
    OfferClosed,
    Received,
    TransferAccepted,
    TransferredToQueue,
    WrapUpApplied,
)
from domain.rule_sets import MULTI_PARTY, SEED, RuleSet
from domain.vocabulary import Phase
from simulation.calibration import SECONDS, SHARES
from simulation.day import simulate
from simulation.offers import OFFERS_LIMIT

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
CALLS = 2_000


@dataclass
class Day:
    """What the rules made of a simulated day."""

    commands: list[Command] = field(default_factory=list)
    events: list[tuple[Command, Event]] = field(default_factory=list)
    refused: list[tuple[Command, str]] = field(default_factory=list)
    calls: dict[str, Call] = field(default_factory=lambda: defaultdict(Call))

    def of(self, event_class: type[Event]) -> list[Event]:
        return [event for _, event in self.events if isinstance(event, event_class)]

    def count(self, event_class: type[Event]) -> int:
        return len(self.of(event_class))


def decided(commands: Iterator[Command], rules: RuleSet = SEED) -> Day:
    day = Day()
    for command in commands:
        day.commands.append(command)
        outcome = decide(day.calls[command.call_id], command, rules)
        if isinstance(outcome, Refused):
            day.refused.append((command, outcome.rule))
        else:
            day.calls[command.call_id] = outcome.call
            day.events += [(command, event) for event in outcome.events]
    return day


@pytest.fixture(scope="module")
def day() -> Day:
    return decided(simulate(CALLS, seed=7, start=NEW_YEAR))


def test_the_same_seed_gives_the_same_history() -> None:
    one, other = (list(simulate(200, seed=3, start=NEW_YEAR)) for _ in range(2))
    assert one == other


def test_another_seed_gives_another_history() -> None:
    one = {command.command_id for command in simulate(50, seed=1, start=NEW_YEAR)}
    other = {command.command_id for command in simulate(50, seed=2, start=NEW_YEAR)}
    assert not one & other


def test_there_are_as_many_calls_as_asked_for_and_each_ends(day: Day) -> None:
    assert day.count(Received) == CALLS
    assert all(call.phase in (Phase.ENDED, Phase.CLOSED) for call in day.calls.values())


def test_commands_come_in_order_of_time_on_the_day(day: Day) -> None:
    times = [command.occurred_at for command in day.commands]
    assert all(earlier <= later for earlier, later in pairwise(times))
    arrivals = [c.occurred_at for c in day.commands if c.action == "receive"]
    assert arrivals[0] >= NEW_YEAR
    assert arrivals[-1] < NEW_YEAR + timedelta(days=1)


def test_command_ids_are_unique_version_7_and_sort_by_time(day: Day) -> None:
    ids = [command.command_id for command in day.commands]
    assert len(set(ids)) == len(ids)
    assert {one.version for one in ids} == {7}
    assert all(
        one.command_id < other.command_id
        for one, other in pairwise(day.commands)
        if one.occurred_at < other.occurred_at
    )


def test_a_day_has_some_refusals_and_no_others_than_those_meant(day: Day) -> None:
    rules = Counter(rule for _, rule in day.refused)
    assert set(rules) == {"R22", "R21", "R7", "R14", "R20", "E1", "W5"}
    assert 0.01 < len(day.refused) / len(day.commands) < 0.03


def test_an_agent_is_in_one_call_at_a_time(day: Day) -> None:
    call_of: dict[str, str] = {}
    for command, event in day.events:
        match event:
            case Answered(agent=agent) | ConsultAnswered(party=agent):
                if agent.startswith("agent-"):
                    assert call_of.setdefault(agent, command.call_id) == command.call_id
            case Exited(party=agent):
                call_of.pop(agent, None)
            case _:
                pass


def test_customers_give_up_after_the_patience_of_the_recorded_calls(day: Day) -> None:
    received = {c.call_id: c.occurred_at for c in day.commands if c.action == "receive"}
    offers = Counter(c.call_id for c in day.commands if c.action == "offer")
    transferred = {c.call_id for c, event in day.events if isinstance(event, TransferredToQueue)}
    waits = [
        (command.occurred_at - received[command.call_id]).total_seconds()
        for command in day.commands
        if command.action == "abandon"
        and offers[command.call_id] < OFFERS_LIMIT
        and command.call_id not in transferred
    ]
    least, *_, greatest = SECONDS["patience"]
    assert least <= min(waits)
    assert max(waits) <= greatest


def test_the_day_has_the_mix_of_the_recorded_calls(day: Day) -> None:
    consulted, answered = SHARES["consulted"]
    conferences, consults = SHARES["conference"]
    calls_answered = day.count(Answered)
    assert day.count(ConsultStarted) / calls_answered == pytest.approx(
        consulted / answered, abs=0.05
    )
    assert day.count(ConferenceStarted) / day.count(ConsultStarted) == pytest.approx(
        conferences / consults, abs=0.05
    )


def test_all_kinds_of_transfers_exits_and_wrap_ups_occur(day: Day) -> None:
    kinds = {
        event.kind for event in day.of(TransferAccepted) if isinstance(event, TransferAccepted)
    }
    modes = {event.mode for event in day.of(WrapUpApplied) if isinstance(event, WrapUpApplied)}
    reasons = {event.reason for event in day.of(Exited) if isinstance(event, Exited)}
    assert kinds == {"blind", "consult", "conference"}
    assert modes == {"by_agent", "auto_default"}
    assert reasons >= {"exited", "hung_up", "dropped_by_end", "dropped_by_owner", "transferred"}


def test_queues_ring_several_at_once_and_calls_are_transferred_into_them(day: Day) -> None:
    closed = {event.outcome for event in day.of(OfferClosed) if isinstance(event, OfferClosed)}
    assert closed == {"answered_elsewhere"}
    entries = {
        event.queue_entry_number for event in day.of(Answered) if isinstance(event, Answered)
    }
    assert entries == {None, 2}
    given_up = [event for event in day.of(Abandoned) if isinstance(event, Abandoned)]
    assert {event.queue_entry_number for event in given_up} == {None, 2}


def test_under_multi_party_further_agents_join_and_owners_leave() -> None:
    day = decided(simulate(CALLS, seed=7, start=NEW_YEAR, rules=MULTI_PARTY), MULTI_PARTY)
    types = Counter(event.type for _, event in day.events)
    assert types["call.conference-joined.v1"] > 0
    assert {rule for _, rule in day.refused} == {"R22", "R21", "R7", "R14", "R20", "E1", "W5"}


def test_several_days_share_the_calls_between_them() -> None:
    received = [
        command.occurred_at.date()
        for command in simulate(300, seed=1, start=NEW_YEAR, days=3)
        if command.action == "receive"
    ]
    assert list(Counter(received).values()) == [100, 100, 100]


@pytest.mark.parametrize(
    ("calls", "start", "days"),
    [
        (-1, NEW_YEAR, 1),
        (1, NEW_YEAR, 0),
        (1, NEW_YEAR.replace(tzinfo=None), 1),
        (1, NEW_YEAR.replace(year=1969), 1),
    ],
)
def test_what_is_out_of_bounds_is_told_at_once(calls: int, start: datetime, days: int) -> None:
    with pytest.raises(ValueError, match=r"must be|needs a time zone"):
        simulate(calls, seed=1, start=start, days=days)


def test_no_calls_give_no_commands() -> None:
    assert list(simulate(0, seed=1, start=NEW_YEAR)) == []
