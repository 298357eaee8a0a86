"""Tables by call that somebody else computed, put beside the current ones by a rebuild."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, Protocol

import duckdb
import pyarrow as pa

from projections import places
from projections.batches import insert_rows
from projections.computing import Computing, Work
from projections.errors import ProjectionError
from projections.models import Models

CHECKED: Final = (
    "count(*), coalesce(sum(hash(position, call_position, type::varchar, occurred_at, actor)), 0)"
    "::varchar"
)
"""How many events there are, and a sum that tells whether they are the same ones."""


class ComputedPart(NamedTuple):
    """The rows of the calls that began at these positions, and what they were computed from."""

    first: int
    last: int
    events: int
    checksum: str
    tables: Mapping[str, pa.Table]


class Computed(Protocol):
    """Tables by call that somebody else computed."""

    @property
    def position(self) -> int:
        """How far they are."""
        ...

    @property
    def hashes(self) -> Mapping[str, str]:
        """Of the models that they were computed by."""
        ...

    def parts(self) -> Iterator[ComputedPart]:
        """All rows, in the order of calls."""
        ...


def check_same_program(computed: Computed, models: Models, position: int) -> None:
    """Refuse tables of other models, or of later events. Raises `ProjectionError`."""
    if dict(computed.hashes) != models.hashes:
        raise ProjectionError(
            "Workers and the process that has the tables are of different versions of Call"
            " Ledger: use the same one."
        )
    if computed.position > position:
        raise ProjectionError(
            f"The archive is at position {computed.position:,} and the tables are at"
            f" {position:,}: bring these up first, by a report or `project`."
        )


def begin_filling(
    cursor: duckdb.DuckDBPyConnection,
    computing: Computing,
    work: Work,
    refusal_number: int,
    last: int,
) -> None:
    """Make the tables, with what does not belong to a call, in the caller's transaction.

    Calls of dead letters are noted to be computed here: the tables lack their events.
    """
    computing.make_tables(work, refusal_number)
    places.note_aside(cursor, last, refusal_number)
    cursor.execute(
        "insert into calls_to_recompute_aside select distinct call_position from dead_letters"
        " where state = 'waiting' and call_position is not null"
    )


def fill(
    cursor: duckdb.DuckDBPyConnection, part: ComputedPart, into: Mapping[str, str], last: int
) -> None:
    """Put the rows of some calls in. Raises `ProjectionError` if they are of other events."""
    check_same_events(cursor, part, last)
    for model, rows in part.tables.items():
        insert_rows(cursor, f"{into[model]}.{model}", rows)


def check_same_events(cursor: duckdb.DuckDBPyConnection, part: ComputedPart, last: int) -> None:
    """Refuse rows of other events than the tables have, unless some of these are dead letters."""
    calls = f"call_position between {part.first} and {part.last}"
    ((unread,),) = cursor.execute(
        f"select count(*) from dead_letters where state = 'waiting' and {calls}"
    ).fetchall()
    found = cursor.execute(
        f"select {CHECKED} from main.events where {calls} and position <= {last}"
    ).fetchall()
    if not unread and found != [(part.events, part.checksum)]:
        raise ProjectionError(
            "The events that the tables have are not those of the archive, among calls that began"
            f" at positions {part.first:,} to {part.last:,}: `call-ledger rebuild --from-archive`,"
            " without workers, names them and puts them in their place."
        )
