"""A moment asked again is answered from what was computed for it, as long as that is still so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import Receive
from projections.as_of import AsOf
from projections.database import Projections
from projections.dead_letters import DeadLetter, keep
from projections.late_events import read_again
from projections.serving.checked_statements import Checked
from projections.serving.kept_moments import MOST, KeptMoments
from projections.serving.protocol import Question
from tests.projections.documents import MORNING, written
from tests.projections.earlier_moments import in_order, rows_of_one
from tests.projections.histories import PHASES, Drawn, history, projections, steps
from tests.projections.rebuilding import changed_by_a_rebuild

TABLES = ("calls", "exits", "transfers", "wrap_ups", "agent_days", "refusals")
CONNECTION = "select current_connection_id() as connection from exits right join (select 1) on true"


@contextmanager
def closing_moments(opened: Projections) -> Iterator[KeptMoments]:
    moments = KeptMoments(opened.connection, opened.path.stem)
    try:
        yield moments
    finally:
        moments.forget()


def asked(moments: KeptMoments, question: Question, table: str) -> pa.Table:
    (statement,) = duckdb.extract_statements(question.sql)
    return moments.read(question, Checked(statement, frozenset({table})))


def rows(moments: KeptMoments, as_of: AsOf, table: str) -> list[dict[str, Any]]:
    return in_order(asked(moments, Question(f"from {table}", as_of=as_of), table).to_pylist())


def connection_of(moments: KeptMoments, as_of: AsOf) -> int:
    """Which connection answers: the same one has what was computed for the moment before."""
    answer = asked(moments, Question(CONNECTION, as_of=as_of), "exits")
    number: int = answer["connection"][0].as_py()
    return number


def receive(second: int, call: int) -> Receive:
    return Receive(
        command_id=UUID(int=second + 1),
        source="test",
        call_id=f"call-{call}",
        actor="system",
        occurred_at=MORNING + timedelta(seconds=second),
    )


def answers(moments: KeptMoments, of: list[tuple[AsOf, str]]) -> tuple[list[dict[str, Any]], ...]:
    return tuple(rows(moments, as_of, table) for as_of, table in of)


@settings(max_examples=5, phases=PHASES)
@given(
    steps,
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(TABLES)), min_size=1, max_size=3),
    st.booleans(),
)
def test_an_answer_is_as_if_computed_anew_whatever_came_since(
    drawn: Drawn, drawn_moments: list[tuple[int, str]], is_rebuilt: bool
) -> None:
    ledger = history(drawn)
    half = len(ledger.events) // 2
    moments_asked = [(AsOf(min(position, half)), table) for position, table in drawn_moments]
    with projections() as opened, closing_moments(opened) as moments:
        opened.add(ledger.batch(0, half), ledger.refused())
        before = answers(moments, moments_asked)
        assert answers(moments, moments_asked) == before
        opened.add(ledger.batch(half))
        if is_rebuilt:
            changed_by_a_rebuild(opened)
        assert answers(moments, moments_asked) == tuple(
            rows_of_one(opened, as_of, table) for as_of, table in moments_asked
        )


def test_a_moment_is_computed_once_until_something_comes_of_a_call_that_had_begun() -> None:
    ledger = written([receive(0, 1), receive(1, 2)])
    first = AsOf(1)
    with projections() as opened, closing_moments(opened) as moments:
        opened.add(ledger.batch())
        connection = connection_of(moments, first)
        assert connection_of(moments, first) == connection
        ledger.write(receive(2, 3))
        opened.add(ledger.batch(2))
        assert connection_of(moments, first) == connection, "only a later call began"
        ledger.write(receive(3, 1), observed=True)
        opened.add(ledger.batch(3))
        assert connection_of(moments, first) != connection


def test_a_dead_letter_that_comes_and_is_read_is_seen_at_once() -> None:
    ledger = written([receive(0, 1), receive(1, 2)])
    last = AsOf(2)
    with projections() as opened, closing_moments(opened) as moments:
        opened.add(ledger.batch(0, 1))
        assert len(rows(moments, last, "calls")) == 1
        position, call_position, document = ledger.events[1]
        letter = DeadLetter("events", 0, 0, position, call_position, None, "cut", True, document)
        with opened.transaction():
            keep(opened.connection, [letter])
            opened.note_position(position)
            opened.refresh_touched()
        assert connection_of(moments, last) == connection_of(moments, last)
        assert len(rows(moments, last, "calls")) == 1
        read_again(opened)
        assert len(rows(moments, last, "calls")) == 2


def test_only_the_moments_asked_for_last_are_kept() -> None:
    with projections() as opened, closing_moments(opened) as moments:
        opened.add(written(receive(second, second) for second in range(MOST + 1)).batch())
        first = connection_of(moments, AsOf(0))
        others = {connection_of(moments, AsOf(position)) for position in range(1, MOST + 1)}
        assert {connection_of(moments, AsOf(position)) for position in range(1, MOST + 1)} == others
        assert connection_of(moments, AsOf(0)) != first
