"""What a call's events say of it as a whole is what the table of calls says."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given, settings

from domain.commands import Receive
from entrypoints.one_call import EVENTS, OneCall, events_in
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


def test_a_calls_events_are_looked_for_near_its_beginning_alone() -> None:
    with projections() as opened:
        opened.add(history([(0, (Receive, "system"), False, 0)]).batch())
        opened.connection.execute(
            # A call begins at each tenth position, and the first one goes on for ever.
            "insert into events by name select events.* exclude (causation_id) replace ("
            " n as position, if(n % 10 = 9, 1, n - (n - 1) % 10) as call_position)"
            " from events, range(2, 600001) others(n)"
        )
        opened.connection.execute("checkpoint")
        ((_, plan),) = opened.connection.execute(
            f"explain analyze {EVENTS}", {"call_position": 590_001}
        ).fetchall()
        assert "Row Groups Scanned: 1 /" in plan


def read(opened: Projections, call_position: int) -> OneCall:
    answer = opened.connection.sql(EVENTS, params={"call_position": call_position})
    events = events_in(answer.to_arrow_table())
    return OneCall(call_position, "test", events, 0, 0, None, {}, {})
