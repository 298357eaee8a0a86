"""Any batching of any history gives the same tables as one rebuild, and the domain's own state."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.feed import EventBatch
from projections import computing, dead_letters
from projections.dead_letters import DeadLetter
from projections.models import readable_models
from tests.projections.histories import PHASES, Drawn, history, projections, steps
from tests.projections.keys import rows_with_a_bad_key
from tests.projections.rebuilding import changed_by_a_rebuild


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
        assert changed_by_a_rebuild(opened) == []


@settings(max_examples=15, phases=PHASES)
@given(steps, st.integers(1, 20), st.sets(st.integers(0, 40), max_size=8))
def test_any_batching_gives_the_tables_of_one_rebuild_where_events_are_dead_letters(
    drawn: Drawn, size: int, unread: set[int]
) -> None:
    events = history(drawn).events
    with projections() as opened:
        for start in range(0, len(events), size):
            indexes = range(start, min(start + size, len(events)))
            read = [events[index] for index in indexes if index not in unread]
            with opened.transaction():
                if read:
                    opened.insert_events(EventBatch(*map(list, zip(*read, strict=True))))
                dead_letters.keep(
                    opened.connection,
                    [letter(*events[index]) for index in indexes if index in unread],
                )
                opened.note_position(indexes[-1] + 1)
                opened.refresh_touched()
        assert opened.connection.execute("from calls_to_recompute").fetchall() == []
        assert changed_by_a_rebuild(opened) == []


def letter(position: int, call_position: int, document: bytes) -> DeadLetter:
    """What stands for an event that could not be read."""
    return DeadLetter(
        "call-events", 0, position, position, call_position, None, "unread", True, document
    )


@settings(max_examples=5, phases=PHASES)
@given(steps)
def test_many_calls_at_once_are_computed_like_few(drawn: Drawn) -> None:
    written = history(drawn)
    with projections() as opened, patch.object(computing, "FEW_CALLS", 0):
        for start in range(0, len(written.events), 10):
            opened.add(written.batch(start, start + 10))
        assert opened.positions.projected_position == len(written.events)
        assert changed_by_a_rebuild(opened) == []


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


@settings(max_examples=20, phases=PHASES)
@given(steps)
def test_no_two_rows_of_a_model_share_their_key(drawn: Drawn) -> None:
    written = history(drawn)
    with projections() as opened:
        opened.add(written.batch(), written.refused())
        for model in readable_models():
            assert rows_with_a_bad_key(opened, model) == [], model.name
