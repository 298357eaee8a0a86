"""Any batching of any history gives the same tables as one rebuild, and the domain's own state."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain import commands
from projections.database import Projections
from tests.projections.documents import MORNING, Written

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: an example takes a tenth of a second, and a history is read easily."""

ACTORS = ("customer", "agent-1", "agent-2", "agent-3", "system", "unknown")
OWN: dict[type[commands.Command], dict[str, Any]] = {
    commands.Receive: {"queue": "support"},
    commands.Offer: {"agent": "agent-1"},
    commands.StartConsult: {"target_kind": "agent", "target": "agent-2"},
    commands.RequestTransfer: {"target_kind": "agent", "target": "agent-2"},
    commands.ApplyWrapUp: {"reason": "solved"},
    commands.ApplyDefaultWrapUp: {"agent": "agent-1"},
    commands.Correct: {"corrected_version": 3, "why": "misspelt"},
    commands.NoteActivity: {"activity": "recording"},
    commands.MarkIncomplete: {"missing": "the end"},
}
LIKELY = (
    (commands.Receive, "system"),
    (commands.Offer, "system"),
    (commands.Answer, "agent-1"),
    (commands.Hold, "agent-1"),
    (commands.StartConsult, "agent-1"),
    (commands.AnswerConsult, "agent-2"),
    (commands.StartConference, "agent-1"),
    (commands.RequestTransfer, "agent-1"),
    (commands.AcceptTransfer, "agent-2"),
    (commands.Leave, "customer"),
    (commands.ApplyWrapUp, "agent-1"),
    (commands.ApplyWrapUp, "agent-2"),
)
Drawn = list[tuple[int, tuple[type[commands.Command], str], bool, int]]
"""Steps: the call's number, the command and its actor, whether observed, and the second."""

anything = st.tuples(st.sampled_from(commands.COMMAND_CLASSES), st.sampled_from(ACTORS))
steps = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.one_of(st.sampled_from(LIKELY), anything),
        st.booleans(),
        st.integers(-50, 4000),
    ),
    max_size=60,
)


def history(drawn: Drawn) -> Written:
    """Calls side by side, through both doors, by clocks that may go backwards."""
    written = Written()
    for number, (call, (kind, actor), observed, seconds) in enumerate(drawn):
        command = kind(
            command_id=UUID(int=number + 1),
            source="test",
            call_id=f"call-{call}",
            actor=actor,
            occurred_at=MORNING + timedelta(seconds=seconds),
            **OWN.get(kind, {}),
        )
        written.write(command, observed)
    return written


@contextmanager
def projections() -> Iterator[Projections]:
    """A file that a rebuild goes through in many parts."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Projections(Path(folder) / "projections.duckdb", part_events=7) as opened,
    ):
        yield opened


@settings(max_examples=15, phases=PHASES)
@given(steps, st.lists(st.integers(1, 20), min_size=1))
def test_any_batching_of_any_history_gives_the_tables_of_one_rebuild(
    drawn: Drawn, sizes: list[int]
) -> None:
    written = history(drawn)
    with projections() as opened:
        start, turn = 0, 0
        while start < len(written.events):
            end = start + sizes[turn % len(sizes)]
            opened.add(written.batch(start, end))
            start, turn = end, turn + 1
        opened.add(None, written.refused())
        assert opened.positions.projected_position == len(written.events)
        assert opened.rebuild() == []


@settings(max_examples=20, phases=PHASES)
@given(steps)
def test_a_call_stands_in_its_row_where_the_domain_says(
    drawn: Drawn,
) -> None:
    written = history([(call, step, False, seconds) for call, step, _, seconds in drawn])
    with projections() as opened:
        opened.add(written.batch(), written.refused())
        rows = opened.connection.execute("select call_id, phase, event_count from calls").fetchall()
        refused = opened.connection.execute("select count(*) from refusals").fetchall()
    assert {row[0]: row[1:] for row in rows} == {
        call_id: (call.phase.value, call.version)
        for (_, call_id), (_, call) in written.calls.items()
    }
    assert refused == [(len(written.refusals),)]


@settings(max_examples=20, phases=PHASES)
@given(steps)
def test_no_duration_is_ever_negative(
    drawn: Drawn,
) -> None:
    written = history([(call, step, True, seconds) for call, step, _, seconds in drawn])
    with projections() as opened:
        opened.add(written.batch())
        durations = opened.connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where schema_name = 'main' and column_name like '%_seconds'"
        ).fetchall()
        assert len(durations) > 20
        for table, column in durations:
            lowest = opened.connection.execute(f"select min({column}) from {table}").fetchall()
            assert lowest[0][0] is None or lowest[0][0] >= 0, (table, column)
