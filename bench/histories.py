"""Plausible documents by the million: a handful of histories, copied to other calls and times.

Every history is decided by the domain and written by the ledger once; the copies are made by
DuckDB, because a benchmark of reading should not wait for writing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import duckdb
from msgspec.structs import replace

from domain import commands
from domain.call import Call
from domain.decide import Decided, decide
from domain.rule_sets import SEED
from ledger.documents import Stamp, event_documents, time_text
from ledger.feed import EventBatch

START = datetime(2026, 1, 1, tzinfo=UTC)
CALLS_AT_ONCE = 50_000
CALL_EVERY_SECONDS = 3
A1, A2 = "agent-first", "agent-other"

Step = tuple[type[commands.Command], str, int, dict[str, Any]]

ENTERED: list[Step] = [
    (commands.Receive, "system", 0, {"queue": "support"}),
    (commands.Offer, "system", 20, {"agent": A1}),
    (commands.Answer, A1, 27, {}),
]
CONSULTED: list[Step] = [
    *ENTERED,
    (commands.StartConsult, A1, 130, {"target_kind": "agent", "target": A2}),
    (commands.AnswerConsult, A2, 140, {}),
]
CONFERRED: list[Step] = [*CONSULTED, (commands.StartConference, A1, 170, {})]
ENDED: list[Step] = [
    (commands.Leave, "customer", 300, {}),
    (commands.ApplyWrapUp, A1, 320, {"reason": "solved"}),
]
HISTORIES: list[tuple[int, list[Step]]] = [
    (10, [*ENTERED, *ENDED]),
    (4, [*ENTERED, (commands.Hold, A1, 60, {}), (commands.Resume, A1, 90, {}), *ENDED]),
    (1, [*CONSULTED, (commands.EndConsult, A1, 160, {}), (commands.Resume, A1, 161, {}), *ENDED]),
    (1, [*CONFERRED, (commands.Exit, A2, 250, {}), *ENDED]),
    (
        1,
        [
            *CONFERRED,
            (commands.RequestTransfer, A1, 200, {}),
            (commands.AcceptTransfer, A2, 205, {}),
            (commands.ApplyWrapUp, A1, 225, {"reason": "handed-over"}),
            (commands.Leave, "customer", 300, {}),
            (commands.ApplyDefaultWrapUp, "system", 330, {"agent": A2}),
        ],
    ),
    (
        1,
        [
            *ENTERED,
            (commands.RequestTransfer, A1, 70, {"target_kind": "agent", "target": A2}),
            (commands.AcceptTransfer, A2, 80, {}),
            (commands.ApplyWrapUp, A1, 95, {"reason": "wrong-desk"}),
            (commands.EndCall, A2, 260, {}),
            (commands.ApplyWrapUp, A2, 281, {"reason": "solved"}),
        ],
    ),
    (2, [*ENTERED[:1], (commands.Abandon, "customer", 90, {})]),
]
"""Each history with its weight."""

COPIES = f"""
with copies as (
    select
        first_call + call_number as call_number,
        timestamp '2026-01-01'
            + to_seconds((first_call + call_number) * {CALL_EVERY_SECONDS}) as began,
        call_number % {sum(weight for weight, _ in HISTORIES)} as history
    from range($calls) as numbers(call_number), (select $first_call as first_call)
),
placed as (
    select
        call_number,
        version,
        began,
        after_seconds,
        document,
        row_number() over (order by began + to_seconds(after_seconds), call_number, version)
            + $last_position as position
    from copies join templates using (history)
),
events as (
    select
        position,
        first_value(position) over (partition by call_number order by version) as call_position,
        version,
        replace(replace(replace(replace(document,
            'cccccccccccc', printf('%012x', call_number)),
            '@time', strftime(began + to_seconds(after_seconds), '%Y-%m-%dT%H:%M:%S.%fZ')),
            '{A1}', 'agent-' || call_number % 211),
            '{A2}', 'agent-' || (call_number + 105) % 211) as document
    from placed
)
select position, call_position, version, document::blob as document
from events
order by position
"""


def templates() -> Iterator[tuple[int, int, int, str]]:
    """History, version, seconds since the call began, and document, with the time left out."""
    number = 0
    for weight, steps in HISTORIES:
        rows = list(documents_of(steps))
        for _ in range(weight):
            yield from ((number, *row) for row in rows)
            number += 1


def documents_of(steps: list[Step]) -> Iterator[tuple[int, int, str]]:
    """Version, seconds since the call began, and document of one history's events."""
    call = Call()
    for number, (kind, actor, after_seconds, own) in enumerate(steps):
        occurred_at = START + timedelta(seconds=after_seconds)
        command = kind(
            command_id=UUID(f"{number:08x}-0000-7000-8000-cccccccccccc"),
            source="webex",
            call_id="call0000-0000-7000-8000-cccccccccccc",
            actor=actor,
            occurred_at=occurred_at,
            **own,
        )
        decided = decide(call, command, SEED)
        assert isinstance(decided, Decided), (command, decided)
        stamp = Stamp.of(occurred_at, SEED)
        for document in event_documents(command, decided, False, stamp):
            text = document.decode().replace(time_text(occurred_at), "@time")
            yield call.version + 1, after_seconds, text
            call = replace(call, version=call.version + 1)
        call = decided.call


CALLS_OF_HISTORIES = sum(weight for weight, _ in HISTORIES)
EVENTS_OF_HISTORIES = sum(1 for _ in templates())
"""What all of them come to, with their weights."""


def call_id(call_number: int) -> str:
    """The id of a copied call."""
    return f"call0000-0000-7000-8000-{call_number:012x}"


def batches(events: int) -> Iterator[tuple[EventBatch, list[int]]]:
    """At least so many events in order, with their versions, interleaved as calls overlap."""
    connection = duckdb.connect()
    connection.execute(
        "create table templates (history bigint, version bigint, after_seconds bigint,"
        " document varchar)"
    )
    rows = list(templates())
    # Whole sets of histories, and no more of them than were asked for.
    sets = min(CALLS_AT_ONCE // CALLS_OF_HISTORIES, -(-events // EVENTS_OF_HISTORIES))
    calls_at_once, events_at_once = sets * CALLS_OF_HISTORIES, sets * EVENTS_OF_HISTORIES
    connection.executemany("insert into templates values (?, ?, ?, ?)", rows)
    first_call, last_position = 0, 0
    while last_position < events:
        table = connection.sql(
            COPIES,
            params={
                "calls": calls_at_once,
                "first_call": first_call,
                "last_position": last_position,
            },
        ).to_arrow_table()
        columns = {name: table.column(name).to_pylist() for name in table.column_names}
        batch = EventBatch(columns["position"], columns["call_position"], columns["document"])
        yield batch, columns["version"]
        first_call += calls_at_once
        last_position += events_at_once
    connection.close()
