"""The rows that a page of events comes to, computed to be published and kept nowhere else.

An ordinary projector puts the rows of the calls that a page touched in the place of their earlier
ones. Nobody asks a shard's own file: to delete rows there, insert others, and read these again
took as long as to compute them.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from lake.columns import DEAD_LETTERS, EVENTS, REFUSALS, carried, tables, tables_by_call
from projections.kept_plans import kept_plans
from projections.models import Kind, of_this_version


class ChangedRows:
    """Computes in a file's transaction.

    Its temporary `published_calls` and `published_events` say which calls and events are to be
    published.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._models = of_this_version()

    def by_table(
        self, refusals: range, has_other_dead_letters: bool
    ) -> Iterator[tuple[str, pa.Table]]:
        """Each table that has other rows, with these; `refusals` are the numbers of new ones."""
        yield EVENTS, self._rows(EVENTS, f"main.events where {among('position', 'events')}")
        yield from self._rows_of_calls()
        if refusals:
            self._connection.execute(
                "create or replace temp view source_refusals as select * from main.refusal_events"
                f" where refusal_number between {refusals[0]} and {refusals[-1]}"
            )
            (model,) = (model for model in self._models.kept if model.name == REFUSALS)
            yield REFUSALS, self._rows(REFUSALS, f"({model.sql})")
        if has_other_dead_letters:
            yield DEAD_LETTERS, self._rows(DEAD_LETTERS, f"main.{DEAD_LETTERS}")

    def _rows_of_calls(self) -> Iterator[tuple[str, pa.Table]]:
        """The models' rows of the calls, of all the events that these have."""
        ((oldest,),) = self._connection.execute(
            "select min(call_position) from temp.published_calls"
        ).fetchall()
        if oldest is None:
            return
        # The number itself, not a subquery, so that older parts of the table are skipped.
        calls = f"call_position >= {oldest} and {among('call_position', 'calls')}"
        columns = ", ".join(self._models.columns_read)
        read = {
            "source_events": f"select {columns} from main.events where position >= {oldest}"
            f" and {calls}",
            DEAD_LETTERS: f"select * exclude (original) from main.{DEAD_LETTERS} where {calls}",
        }
        needed = self._models.needed_for(tables_by_call())
        with kept_plans() as plans:
            for model, rows in plans.rows_of_models(self._connection, read, needed):
                if model.kind is Kind.TABLE:
                    yield model.name, carried(model.name, rows)

    def _rows(self, name: str, where: str) -> pa.Table:
        columns = ", ".join(f'"{column}"' for column in tables()[name])
        return carried(
            name, self._connection.sql(f"select {columns} from {where}").to_arrow_table()
        )


def among(column: str, published: str) -> str:
    """The condition for what is to be published."""
    return f"{column} in (select {column} from temp.published_{published})"
