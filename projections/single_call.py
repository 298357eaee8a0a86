"""A call from its recorded events alone, by the tables' own SQL: for who asks before a round."""

from __future__ import annotations

from collections import deque
from functools import cache
from threading import Lock
from typing import Final, NamedTuple

import duckdb
import pyarrow as pa
from pyarrow import compute

from projections.batches import Events, numbers, texts
from projections.columns import BODY, CAUSE, EVENT_COLUMNS, rows_of
from projections.errors import UnreadableEvent
from projections.kept_plans import KeptPlans, kept_plans
from projections.models import columns_read, models
from projections.tables_as_of import computed

DOCUMENTS: Final = "documents_of_one_call"
EVENTS: Final = "events_of_one_call"
DEAD_LETTERS: Final = "dead_letters_of_one_call"
"""Names of their own: rounds give other columns by the tables' names, for which plans are not."""

ONE_AT_A_TIME: Final = Lock()
"""To make the plans takes five times as long as to use them, and several at a time would."""

REQUIRED: Final = " NOT NULL"


class CallRows(NamedTuple):
    """The rows that the tables will have of a call."""

    events: pa.Table
    calls: pa.Table
    """One row, or none where its beginning is not among the events."""


class Request:
    """One call that somebody waits for."""

    def __init__(self, events: Events, dead_letters: pa.Table) -> None:
        self.events = events
        self.dead_letters = dead_letters
        self.place: int = numbers(events.call_positions)[0].as_py()
        self.outcome: CallRows | BaseException | None = None

    @property
    def answer(self) -> CallRows:
        """Raises what was raised when it was computed."""
        if isinstance(self.outcome, CallRows):
            return self.outcome
        assert self.outcome is not None, "the request was never computed"
        raise self.outcome


waiting: Final[deque[Request]] = deque()
"""Those that nobody has begun to compute."""


def rows_of_call(events: Events, dead_letters: pa.Table) -> CallRows:
    """The rows of a call's events, of which there is one at least, and of its `dead_letters`.

    Calls that wait for another one meanwhile are computed together, which takes no longer than one
    of them. Raises `UnreadableEvent` where the tables would not take an event.
    """
    request = Request(events, dead_letters)
    waiting.append(request)
    with ONE_AT_A_TIME:
        while request.outcome is None:
            compute_together(taken())
    return request.answer


def taken() -> list[Request]:
    """The requests that wait, but one of each call: two may have other events."""
    first: dict[int, Request] = {}
    later = []
    while waiting:
        request = waiting.popleft()
        if first.setdefault(request.place, request) is not request:
            later.append(request)
    waiting.extend(later)
    return list(first.values())


def compute_together(requests: list[Request]) -> None:
    """Give every request its outcome."""
    try:
        with kept_plans() as plans:
            readable = {}
            for request in requests:
                try:
                    readable[request] = event_rows(plans, request.events)
                except UnreadableEvent as error:
                    request.outcome = error
            if readable:
                calls = call_rows(
                    plans,
                    pa.concat_tables(readable.values()),
                    pa.concat_tables(request.dead_letters for request in readable),
                )
            for request, events in readable.items():
                own = compute.equal(calls["call_position"], request.place)
                request.outcome = CallRows(events, calls.filter(own))
    except BaseException as error:
        for request in requests:
            request.outcome = request.outcome or error


def event_rows(plans: KeptPlans, events: Events) -> pa.Table:
    """The rows that the table `events` will have of them, and no more text than that takes.

    Raises `UnreadableEvent` where it would not take one.
    """
    columns = {
        "position": numbers(events.positions),
        "call_position": numbers(events.call_positions),
        "document": texts(events.documents),
    }
    plans.give(DOCUMENTS, pa.table(columns))
    try:
        rows = plans.rows(reading())
    except duckdb.Error as error:
        raise UnreadableEvent(f"One of the call's events cannot be read: {error}") from None
    for name, (kind, _) in EVENT_COLUMNS.items():
        if kind.endswith(REQUIRED) and rows[name].null_count:
            raise UnreadableEvent(f"One of the call's events has no {name}.")
    return rows


def call_rows(plans: KeptPlans, events: pa.Table, dead_letters: pa.Table) -> pa.Table:
    """The rows of the table `calls`, of rows of `events` and of `dead_letters`."""
    plans.give(EVENTS, events.select(columns_read()))
    plans.give(DEAD_LETTERS, dead_letters)
    return plans.rows(computing())


@cache
def reading() -> str:
    """The query for the rows; a word is one of those that its column knows, or an error."""
    typed = ", ".join(
        f"{name}::{kind.removesuffix(REQUIRED)}{'::VARCHAR' * kind.startswith('ENUM')} as {name}"
        for name, (kind, _) in EVENT_COLUMNS.items()
    )
    rows = f"select {typed} from ({rows_of(DOCUMENTS, EVENT_COLUMNS, BODY)})"
    return f"select *, {CAUSE} as causation_id from ({rows})"


@cache
def computing() -> str:
    """The query for the calls' rows, with all that they are computed from."""
    (calls,) = (model for model in models() if model.name == "calls")
    return (
        f"with source_events as (from {EVENTS}), dead_letters as (from {DEAD_LETTERS})"
        f" select * from ({computed(calls, frozenset())})"
    )
