"""The rows that a page of events comes to, computed to be published and kept nowhere else.

An ordinary projector puts the rows of the calls that a page touched in the place of their earlier
ones. Nobody asks a shard's own file: to delete rows there, insert others, and read these again
took as long as to compute them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import duckdb
import pyarrow as pa

from lake.columns import DEAD_LETTERS, EVENTS, REFUSALS, carried, tables, tables_by_call
from projections.models import Kind, of_this_version
from projections.statement_cache import StatementCache

ROWS: Final = {name: f"select {carried(types)} from" for name, types in tables().items()}
"""How each table's rows travel, whatever they are taken from."""


class ChangedRows:
    """Computes in a file's transaction.

    Its temporary `published_calls` and `published_events` say which calls and events are to be
    published.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._statements = StatementCache(connection)
        self._models = of_this_version()

    def by_table(
        self, refusals: range, has_other_dead_letters: bool
    ) -> Iterator[tuple[str, pa.Table]]:
        """Each table that has other rows, with these; `refusals` are the numbers of new ones."""
        yield EVENTS, self._rows(EVENTS, f"main.events where {among('position', 'events')}")
        if self._read_events():
            for model in self._models.needed_for(tables_by_call()):
                # A relation is planned twice, so what it reads is a table already.
                self._statements.execute(
                    f"create or replace temp table {model.name} as {model.sql}"
                )
                if model.kind is Kind.TABLE:
                    yield model.name, self._rows(model.name, f"temp.{model.name}")
        if refusals:
            self._connection.execute(
                "create or replace temp view source_refusals as select * from main.refusal_events"
                f" where refusal_number between {refusals[0]} and {refusals[-1]}"
            )
            (model,) = (one for one in self._models.kept if one.name == REFUSALS)
            yield REFUSALS, self._rows(REFUSALS, f"({model.sql})")
        if has_other_dead_letters:
            yield DEAD_LETTERS, self._rows(DEAD_LETTERS, f"main.{DEAD_LETTERS}")

    def _read_events(self) -> bool:
        """Let the models read all that the calls have; whether there is a call."""
        ((oldest,),) = self._connection.execute(
            "select min(call_position) from temp.published_calls"
        ).fetchall()
        if oldest is None:
            return False
        # The number itself, not a subquery, so that older parts of the table are skipped.
        self._connection.execute(
            f"create or replace temp table source_events as select"
            f" {', '.join(self._models.columns_read)} from main.events where position >= {oldest}"
            f" and call_position >= {oldest} and {among('call_position', 'calls')}"
        )
        return True

    def _rows(self, name: str, where: str) -> pa.Table:
        return self._connection.sql(f"{ROWS[name]} {where}").to_arrow_table()


def among(column: str, published: str) -> str:
    """The condition for what is to be published."""
    return f"{column} in (select {column} from temp.published_{published})"
