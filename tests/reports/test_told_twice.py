"""The same call told twice, in any order, gives tables and reports of the call told once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.commands import Command
from domain.rule_sets import SEED, RuleSet
from ledger.intake import Defaults, read_request
from ledger.outcomes import Request
from projections.database import Projections
from projections.models import Kind, models
from projections.reports import REPORTS
from projections.reports.query import figures_query
from projections.reports.report import Selection
from tests.domain.histories import BEGINNINGS, RULE_SET, STEPS, history
from tests.projections.documents import Written
from tests.projections.histories import PHASES, projections
from tests.projections.keys import rows_with_a_bad_key

CASES = Path(__file__).parents[3] / "shared" / "cases"
TABLES = [
    model for model in models() if "refusal" not in model.name and model.kind is not Kind.STEP
]
DEFAULTS = Defaults("2026-03-02T09:00:00Z")
OF_THE_RECORD = {"rule_breaks"}
"""What is told of the record itself: every report of a broken rule, told again or not."""
PLACES_IN_THE_RECORD = {
    *("call_position", "position", "last_position", "version", "joined_version"),
    *("event_count", "rule_breaking_event_count"),
}
Asked = list[Request]
Rows = list[tuple[Any, ...]]


def shown(rules: RuleSet, asked: Sequence[Request], opened: Projections) -> None:
    """The tables after these commands and observations."""
    written = Written(rules)
    for command, observed in asked:
        written.write(command, observed)
    opened.add(written.batch(), written.refused() if written.refusals else None)


def tables(opened: Projections) -> dict[str, Rows]:
    """The rows of every model, but for their places in the record."""
    found = {}
    for model in TABLES:
        columns = opened.connection.execute(f"describe {model.name}").fetchall()
        names = [name for name, *_ in columns if name not in PLACES_IN_THE_RECORD]
        query = f"select {', '.join(names)} from {model.name} order by all"
        found[model.name] = opened.connection.execute(query).fetchall()
    return {name: rows for name, rows in found.items() if name not in OF_THE_RECORD}


def reports(opened: Projections) -> dict[tuple[str, tuple[str, ...]], Rows]:
    """The figures of every report, in all and by what it is grouped by."""
    found = {}
    for name, report in REPORTS.items():
        if name in ("refusals", "rule-breaks"):
            continue
        for by in ((), report.default_grouping):
            sql, parameters = figures_query(report, Selection(), by)
            rows = opened.connection.execute(sql, parameters or None).fetchall()
            found[name, by] = sorted(rows, key=repr)
    return found


def with_keys_of_their_own(opened: Projections) -> None:
    """Every table's key tells each of its rows from every other."""
    assert {model.name: rows_with_a_bad_key(opened, model) for model in TABLES} == {
        model.name: [] for model in TABLES
    }


def told_again(once: Asked, repeats: Sequence[tuple[int, float]]) -> Asked:
    """The history with its repeats: which fact, and how far on the way from it to the end."""
    places: list[tuple[float, int, Request]] = [
        (place, 0, asked) for place, asked in enumerate(once)
    ]
    for number, (place, share) in enumerate(repeats, start=1):
        command, _ = once[place]
        message = command.model_copy(update={"command_id": UUID(int=10_000 + number)})
        later = place + share * (len(once) - place)
        places.append((later, number, Request(message, observed=True)))
    return [asked for _, _, asked in sorted(places, key=lambda one: one[:2])]


@settings(max_examples=15, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(beginning=BEGINNINGS, steps=STEPS, rules=RULE_SET, imported=st.booleans(), data=st.data())
def test_every_table_and_every_report_is_that_of_the_history_told_once(
    beginning: tuple[Command, ...],
    steps: list[tuple[int, str]],
    rules: RuleSet,
    imported: bool,
    data: st.DataObject,
) -> None:
    asked = history(beginning, steps, rules)
    once = [Request(command, imported or observed) for command, observed in asked]
    facts = [place for place, (_, observed) in enumerate(once) if observed]
    scattered = st.lists(st.tuples(st.sampled_from(facts or [0]), st.floats(0, 1)), max_size=15)
    repeats = data.draw(scattered) if facts else []
    whole = [(place, 1.0) for place in data.draw(st.permutations(facts))]
    with projections() as first, projections() as second:
        shown(rules, once, first)
        shown(rules, told_again(once, [*repeats, *whole]), second)
        with_keys_of_their_own(first)
        with_keys_of_their_own(second)
        assert tables(second) == tables(first)
        assert reports(second) == reports(first)


def case(name: str) -> Asked:
    """The lines of a shared input."""
    if not CASES.exists():
        pytest.skip("../shared/cases is not beside this checkout")
    lines = (CASES / name).read_bytes().splitlines()
    return [read_request(line, DEFAULTS) for line in lines if line.strip()]


def rows(opened: Projections, query: str) -> Rows:
    return opened.connection.execute(query).fetchall()


def figures(opened: Projections, report: str, *by: str) -> dict[str, dict[str, Any]]:
    """The figures of each group of a report."""
    sql, parameters = figures_query(REPORTS[report], Selection(), by)
    answer = opened.connection.execute(sql, parameters or None)
    names = [name for name, *_ in answer.description]
    found = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return {row[by[0]]: row for row in found if not row["is_total"]}


def test_case_02_a_hold_and_an_answer_seen_twice_count_once() -> None:
    with projections() as opened:
        shown(SEED, case("02-hold-seen-twice.jsonl"), opened)
        agent = figures(opened, "agents", "agent")["a1"]
        assert (agent["contacts_handled"], agent["talk_seconds"], agent["hold_seconds"]) == (
            1,
            50.0,
            10.0,
        )
        assert rows(opened, "select hold_seconds from holds") == [(10.0,)]
        assert len(rows(opened, "from participants where party = 'a1'")) == 1


def test_case_03_one_of_three_answers_and_two_miss_it() -> None:
    with projections() as opened:
        shown(SEED, case("03-ring-all.jsonl"), opened)
        assert rows(opened, "select agent, outcome, ring_seconds from offers order by agent") == [
            ("a1", "answered", 7.0),
            ("a2", "missed", 7.0),
            ("a3", "missed", 7.0),
        ]


def test_case_07_a_note_of_two_lines_does_not_lose_the_reason() -> None:
    with projections() as opened:
        shown(SEED, case("07-note-of-two-lines.jsonl"), opened)
        assert rows(opened, "select status, reason from wrap_ups") == [("applied", "order-taken")]
        assert rows(opened, "select note from events where note is not null") == [
            ("asks to be called back\non Tuesday",)
        ]


def test_case_11_a_transfer_to_a_queue_takes_effect_when_it_is_asked_for() -> None:
    lines = case("11-blind-transfer-to-queue.jsonl")
    accepted, _ = lines[5]
    offer = b'{"type":"call.offer.v1","call_id":"T1","actor":"system","agent":"carol",' + (
        b'"occurred_at":"2026-03-02T09:12:05Z"}'
    )
    answer = b'{"type":"call.answer.v1","call_id":"T1","actor":"carol",' + (
        b'"occurred_at":"2026-03-02T09:12:10Z"}'
    )
    asked = [read_request(line, DEFAULTS) for line in (offer, answer)]
    for reported in (
        [*lines[:5], *asked, lines[6]],
        # The acceptance in the old shape, as another system may tell it, is that answer.
        [*lines[:5], Request(accepted, observed=True), lines[6]],
        [*lines[:5], *asked, Request(accepted, observed=True), lines[6]],
    ):
        with projections() as opened:
            shown(SEED, reported, opened)
            talk = "select party, talk_seconds, exit_reason from participants order by stay_number"
            assert rows(opened, talk) == [
                ("customer", 180.0, "customer_left"),
                ("bob", 120.0, "transferred"),
                ("carol", 60.0, "dropped_by_end"),
            ]
            assert rows(
                opened,
                "select agent, wrap_up_seconds from wrap_ups where status = 'applied'",
            ) == [("bob", 20.0)]
            assert rows(
                opened, "select queue, wait_seconds, outcome, answered_by from queue_entries"
            ) == [("q1", 10.0, "answered", "bob"), ("q2", 600.0, "answered", "carol")]
            assert rows(opened, "select from_agent, to_party, target, kind from transfers") == [
                ("bob", "carol", "q2", "blind")
            ]
            assert rows(opened, "select wait_seconds, talk_seconds, phase from calls") == [
                (610.0, 180.0, "ended")
            ]
            agents = figures(opened, "agents", "agent")
            assert agents["carol"]["transferred_in"] == agents["bob"]["transferred_out"] == 1


def test_who_gives_up_after_a_transfer_has_abandoned_that_queue() -> None:
    lines = case("11-blind-transfer-to-queue.jsonl")
    with projections() as opened:
        shown(SEED, [*lines[:5], lines[6]], opened)
        queues = figures(opened, "abandoned", "queue")
        assert [queues[queue]["abandoned"] for queue in ("q1", "q2")] == [0, 1]
        assert [queues[queue]["queued"] for queue in ("q1", "q2")] == [1, 1]
        assert queues["q2"]["mean_wait_seconds"] == 660.0
        assert rows(opened, "select count(*), any_value(to_party) from transfers") == [(1, None)]
