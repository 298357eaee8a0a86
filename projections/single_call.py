"""One call from its recorded events alone, by the tables' own SQL: for who asks before a round."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Final

import duckdb
import pyarrow as pa

from projections.batches import Events, numbers, texts
from projections.columns import BODY, CAUSE, EVENT_COLUMNS, rows_of
from projections.errors import UnreadableEvent
from projections.kept_plans import kept_plans
from projections.models import columns_read, models
from projections.tables_as_of import computed

DOCUMENTS: Final = "documents_of_one_call"
EVENTS: Final = "events_of_one_call"
DEAD_LETTERS: Final = "dead_letters_of_one_call"
"""Names of their own: rounds give other columns by the tables' names, for which plans are not."""

ONE_AT_A_TIME: Final = Lock()
"""To make the plans takes five times as long as to use them, and several at a time would."""

REQUIRED: Final = " NOT NULL"


def event_rows(events: Events) -> pa.Table:
    """The rows that the table `events` will have of them, and no more text than that takes.

    Raises `UnreadableEvent` where it would not take one.
    """
    columns = {
        "position": numbers(events.positions),
        "call_position": numbers(events.call_positions),
        "document": texts(events.documents),
    }
    try:
        with ONE_AT_A_TIME, kept_plans() as plans:
            plans.give(DOCUMENTS, pa.table(columns))
            rows = plans.rows(reading())
    except duckdb.Error as error:
        raise UnreadableEvent(f"One of the call's events cannot be read: {error}") from None
    for name, (kind, _) in EVENT_COLUMNS.items():
        if kind.endswith(REQUIRED) and rows[name].null_count:
            raise UnreadableEvent(f"One of the call's events has no {name}.")
    return rows


def call_rows(events: pa.Table, dead_letters: pa.Table) -> pa.Table:
    """The call's row of the table `calls`, of its rows of `events` and of `dead_letters`.

    There is none where its beginning is not among them.
    """
    with ONE_AT_A_TIME, kept_plans() as plans:
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
    """The query for the call's row, with all that it is computed from."""
    (calls,) = (model for model in models() if model.name == "calls")
    return (
        f"with source_events as (from {EVENTS}), dead_letters as (from {DEAD_LETTERS})"
        f" select * from ({computed(calls, frozenset())})"
    )
