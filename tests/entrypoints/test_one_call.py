"""What a call's events say of it as a whole is what the table of calls says."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given, settings

from entrypoints.one_call import EVENTS, OneCall
from projections.database import Projections
from tests.projections.histories import PHASES, Drawn, history, projections, steps


@settings(max_examples=12, phases=PHASES)
@given(steps)
def test_what_its_events_say_of_a_call_is_what_the_table_says(drawn: Drawn) -> None:
    with projections() as opened:
        opened.add(history(drawn).batch())
        for row in opened.connection.sql("from calls").to_arrow_table().to_pylist():
            call = read(opened, row["call_position"])
            assert call.missing == (row["missing"] or "")
            assert call.is_time_derived == row["is_time_derived"]
            assert call.is_closed == row["is_closed"]
            if call.told_once:
                assert call.last_event_at == row["last_event_at"].replace(tzinfo=UTC)


def read(opened: Projections, call_position: int) -> OneCall:
    events = opened.connection.sql(EVENTS, params={"call_position": call_position})
    return OneCall(call_position, "test", events.to_arrow_table().to_pylist(), 0, 0, None, {})
