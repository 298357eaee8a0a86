"""Every figure of every report over the seven calls, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from projections.reports import REPORTS
from projections.serving.client import Reader
from tests.reports.asking import calls_behind, groups, total

TOTALS: dict[str, dict[str, Any]] = {
    # A in conference and B blind; D's was declined. Connections: two each in A, B, D, one in E, G.
    "transfers": {
        "transfers": 2,
        "blind": 1,
        "consult": 0,
        "conference": 1,
        "failed": 1,
        "contacts_handled": 8,
        "transfer_rate": 0.25,
    },
    # Three each in A and B, one in C, four in D, two in G; E and F still have everybody.
    "exits": {
        "exits": 13,
        "calls": 5,
        "by_customer": 5,
        "agent_hung_up_first": 1,  # G
        "left_while_held": 1,  # B
        "mean_after_call_start_seconds": pytest.approx(1945 / 13),
        "mean_after_conference_start_seconds": 60.0,  # 70 in A, 50 in D
        "post_call_seconds": 30.0,  # D, from 150 to 180
    },
    # A: 20 and 60 by default, B: 30 and one missing, D: one void and 20, G: 15.
    "wrap-ups": {
        "wrap_ups": 5,
        "calls": 4,
        "auto_default": 1,
        "auto_wrap_up_share": 0.2,
        "mean_wrap_up_seconds": 29.0,
        "void": 1,
        "corrected": 1,
        "missing": 1,
    },
    # A from 180 to 250, D from 100 to 150; five calls were answered.
    "conferences": {
        "conferences": 2,
        "calls": 2,
        "conference_seconds": 120.0,
        "mean_conference_seconds": 60.0,
        "most_members": 3,
        "answered_calls": 5,
        "conference_share": 0.4,
    },
    # A: 20 to the conference, D: 30 to the end and 10 to the conference, G: cancelled.
    "consults": {
        "consults": 4,
        "calls": 3,
        "answered": 3,
        "to_conference": 2,
        "to_transfer": 0,
        "failed_conferences": 0,
        "consult_seconds": 60.0,
        "mean_consult_seconds": 20.0,
    },
    # A: 30 and 30, B: 40 to the customer's exit, D: 45 and 20, G: 12.
    "holds": {
        "holds": 6,
        "held_calls": 4,
        "hold_seconds": 177.0,
        "mean_hold_seconds_per_held_call": 44.25,
        "longest_hold_seconds": 45.0,
        "left_while_held": 1,
        "answered_calls": 5,
    },
    "agents": {
        "contacts_handled": 8,
        "talk_seconds": 523.0,
        "hold_seconds": 177.0,
        "conference_seconds": 240.0,
        "consult_seconds": 60.0,
        "wrap_up_seconds": 145.0,
        "ring_seconds": 37.0,  # A 5, B 10 + 5, D 5, E 7, G 5
        "wrap_ups": 5,
        "transferred_in": 2,
        "transferred_out": 2,
        "mean_handle_seconds": 105.625,  # (523 + 177 + 145) ÷ 8
    },
    # C after 45 seconds; E entered no queue.
    "abandoned": {
        "abandoned": 1,
        "queued": 6,
        "entered": 7,
        "abandon_rate": 1 / 6,
        "abandon_rate_of_entered": 1 / 7,
        "mean_wait_seconds": 45.0,
        "longest_wait_seconds": 45.0,
    },
    "refusals": {"refusals": 2, "calls": 1, "actors": 2, "rules": 2},
    "rule-breaks": {"rule_breaks": 1, "calls": 1, "entered": 7},
    # E and F go on, B waits for agent-1's reason, E's record is cut.
    "open": {
        "open_calls": 2,
        "missing_wrap_up": 1,
        "open_wrap_ups": 1,
        "incomplete": 1,
        "entered": 7,
        "closed": 4,
    },
}


@pytest.mark.parametrize("name", REPORTS)
def test_the_totals_are_those_worked_out_by_hand(reader: Reader, name: str) -> None:
    assert total(reader, name) == TOTALS[name]


BEHIND: dict[str, set[str]] = {
    "transfers": {"A", "B", "D"},
    "exits": {"A", "B", "C", "D", "G"},
    "wrap-ups": {"A", "B", "D", "G"},
    "conferences": {"A", "D"},
    "consults": {"A", "D", "G"},
    "holds": {"A", "B", "D", "G"},
    "agents": {"A", "B", "D", "E", "G"},
    "abandoned": {"C"},
    "refusals": {"D"},
    "rule-breaks": {"E"},
    "open": {"B", "E", "F"},
}


@pytest.mark.parametrize("name", REPORTS)
def test_exactly_the_calls_behind_the_figures_are_listed(reader: Reader, name: str) -> None:
    assert calls_behind(reader, name) == BEHIND[name]


def column(reader: Reader, name: str, by: str, figure: str) -> dict[Any, Any]:
    return {key: row[figure] for key, row in groups(reader, name, by).items()}


def test_transfers_by_kind_target_outcome_receiver_and_giver(reader: Reader) -> None:
    assert column(reader, "transfers", "kind", "transfers") == {
        "blind": 1,
        "conference": 1,
        "consult": 0,
    }
    assert column(reader, "transfers", "target_kind", "transfers") == {"agent": 2}
    assert column(reader, "transfers", "outcome", "failed") == {"accepted": 0, "declined": 1}
    assert column(reader, "transfers", "receiver", "transfers") == {
        "agent-1": 1,
        "agent-2": 1,
        None: 0,
    }
    by_agent = groups(reader, "transfers", "agent")
    assert {agent: row["transfer_rate"] for agent, row in by_agent.items()} == {
        "agent-1": pytest.approx(1 / 3),
        "agent-2": 0.0,
        "agent-3": 1.0,
        "agent-9": 0.0,
    }


def test_a_share_has_no_denominator_where_only_what_is_counted_has_the_group(
    reader: Reader,
) -> None:
    assert column(reader, "transfers", "kind", "transfer_rate") == {
        "blind": None,
        "conference": None,
        "consult": None,
    }


def test_who_left_in_which_order_why_and_what_remained(reader: Reader) -> None:
    def exits(by: str) -> dict[Any, Any]:
        return column(reader, "exits", by, "exits")

    assert exits("reason") == {
        "customer_left": 4,
        "dropped_by_end": 4,
        "dropped_by_owner": 1,
        "exited": 1,
        "hung_up": 1,
        "transferred": 2,
    }
    assert exits("exit_number") == {1: 5, 2: 4, 3: 3, 4: 1}
    assert exits("party_kind") == {"agent": 8, "customer": 5}
    assert exits("initiated_by") == {"agent": 7, "customer": 6}
    assert exits("via") == {"desktop": 11, "device": 2}
    assert exits("role") == {"consulted": 1, "customer": 5, "member": 1, "owner": 6}
    assert exits("stayed_count") == {0: 5, 1: 4, 2: 4}
    assert exits("owner_after") == {"agent-1": 5, "agent-2": 2, None: 6}
    assert column(reader, "exits", "ended_by", "calls") == {"agent": 2, "customer": 3}
    assert column(reader, "exits", "agent", "exits")["agent-1"] == 3


def test_wrap_ups_by_reason_agent_and_mode(reader: Reader) -> None:
    assert column(reader, "wrap-ups", "reason", "wrap_ups") == {
        "default": 1,
        "handed-over": 1,
        "order": 1,
        "sold": 1,
        "wrong-desk": 1,
        None: 0,
    }
    assert column(reader, "wrap-ups", "agent", "mean_wrap_up_seconds") == {
        "agent-1": 20.0,
        "agent-2": 37.5,
        "agent-3": 30.0,
    }
    assert column(reader, "wrap-ups", "mode", "wrap_ups") == {
        "by_agent": 4,
        "auto_default": 1,
        None: 0,
    }
    assert column(reader, "wrap-ups", "agent", "missing") == {
        "agent-1": 1,
        "agent-2": 0,
        "agent-3": 0,
    }


def test_an_agents_own_time_in_talk_hold_conference_consult_and_wrap_up(reader: Reader) -> None:
    times = ("talk_seconds", "hold_seconds", "conference_seconds", "consult_seconds")
    by_agent = groups(reader, "agents", "agent")
    own = {agent: [row[name] for name in times] for agent, row in by_agent.items()}
    # agent-1: A 15-250, B 70-160, D 10-150, without the holds of A 60, B 40, D 65.
    assert own["agent-1"] == [175.0 + 50.0 + 75.0, 165.0, 120.0, 0.0]
    # agent-2: A 180-300, D 100-150, G 10-40 without 12; consulted 20 in A, 10 in D.
    assert own["agent-2"] == [120.0 + 50.0 + 18.0, 12.0, 120.0, 30.0]
    # agent-3: B 35-70; consulted 30 in D, where it never spoke to the customer.
    assert own["agent-3"] == [35.0, 0.0, 0.0, 30.0]
    assert by_agent["agent-1"]["mean_handle_seconds"] == pytest.approx((300 + 165 + 40) / 3)
    moved = {
        agent: (row["transferred_in"], row["transferred_out"]) for agent, row in by_agent.items()
    }
    assert moved == {"agent-1": (1, 1), "agent-2": (1, 0), "agent-3": (0, 1), "agent-9": (0, 0)}


def test_what_ended_conferences_consults_and_holds(reader: Reader) -> None:
    assert column(reader, "conferences", "cause", "conference_seconds") == {
        "customer_left": 50.0,
        "transferred": 70.0,
    }
    assert column(reader, "consults", "ended_how", "consults") == {
        "cancelled": 1,
        "conference": 2,
        "ended": 1,
    }
    assert column(reader, "consults", "target_kind", "answered") == {"agent": 3, "queue": 0}
    assert column(reader, "holds", "ended_how", "holds") == {
        "conference": 2,
        "customer_left": 1,
        "resumed": 3,
    }
    assert column(reader, "holds", "during_consult", "hold_seconds") == {
        False: 30.0 + 40.0,
        True: 30.0 + 45.0 + 20.0 + 12.0,
    }


def test_abandoned_open_refused_and_broken_by_group(reader: Reader) -> None:
    assert column(reader, "abandoned", "queue", "abandon_rate") == {
        "sales": 0.0,
        "support": 0.5,
        None: None,
    }
    assert column(reader, "open", "phase", "entered") == {
        "closed": 4,
        "connected": 1,
        "ended": 1,
        "queued": 1,
    }
    assert column(reader, "refusals", "rule", "refusals") == {"R14": 1, "R7": 1}
    assert column(reader, "refusals", "command", "refusals") == {
        "call.end-conference.v1": 1,
        "call.hold.v1": 1,
    }
    assert column(reader, "rule-breaks", "rule", "rule_breaks") == {"H1": 1}


@pytest.mark.parametrize("name", REPORTS)
def test_every_grouping_that_is_offered_can_be_asked_for(reader: Reader, name: str) -> None:
    for grouping in REPORTS[name].all_groupings:
        assert groups(reader, name, grouping), grouping
