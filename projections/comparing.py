"""Which rows of a model differ between two tables of it, and in which columns.

Rows are paired by the model's key. They are told apart by a hash of the whole row first, so that
only those which differ are looked at column by column.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import duckdb

from projections.models import Model

DIFFERENCES: Final = """
create or replace temp table differences (
    model varchar, call_position bigint, row_key varchar,
    column_name varchar, before varchar, after varchar
)
"""
"""One row for each value that differs. Where a row has no counterpart, or a key has several rows,
there is no column, and `before` and `after` are the rows as JSON."""

FOUND: Final = """
select model, row_key as key, column_name as column, before, after
from differences
order by model, call_position, row_key, column_name
"""


class Changed(NamedTuple):
    """A model whose rows came out other than they were."""

    model: str
    rows_before: int
    rows_after: int
    differing_rows: int
    columns: dict[str, int]
    """How many rows differ in each column."""
    new_columns: tuple[str, ...] = ()
    dropped_columns: tuple[str, ...] = ()


class Compared(NamedTuple):
    """Two tables of one model; the columns that both have are compared."""

    model: Model
    before: str
    after: str


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The columns of a table that is named with its schema."""
    # duckdb_columns() goes through all tables and views, and takes five times as long.
    rows = connection.execute("select name from pragma_table_info(?) order by cid", [table])
    return [name for (name,) in rows.fetchall()]


def compare(connection: duckdb.DuckDBPyConnection, compared: Compared, which: str) -> None:
    """Add what differs among the rows of a condition to the temporary table `differences`."""
    model, before, after = compared
    there = columns_of(connection, after)
    columns = [name for name in columns_of(connection, before) if name in there]
    keys = [name for name in model.key if name in columns]
    key, row = ", ".join(keys), f"({', '.join(columns)})"
    if find_differing(connection, compared, which, key, row):
        describe_differing(connection, compared, columns, keys)


def describe_differing(
    connection: duckdb.DuckDBPyConnection, compared: Compared, columns: list[str], keys: list[str]
) -> None:
    """Add the values and rows of the keys in `differing` to `differences`."""
    model, before, after = compared
    key = ", ".join(keys)
    call = "call_position" if "call_position" in keys else "null"
    named = ", ".join(f"'{name}': {name}" for name in keys)
    values = ", ".join(
        f"{{'name': '{name}', 'before': b.whole.{name}::varchar, 'after': a.whole.{name}::varchar,"
        f" 'differs': b.whole.{name} is distinct from a.whole.{name}}}"
        for name in columns
        if name not in keys
    )
    fields = ", ".join(f"{name} := {name}" for name in columns)
    sides = (
        f"select {key}, count(*) as row_count, first(struct_pack({fields})) as whole,"
        f" to_json(list(struct_pack({fields})))::varchar as rows_as_json"
        " from {} semi join differing using (" + key + ") group by all"
    )
    connection.execute(f"""
        insert into differences
        with b as ({sides.format(before)}), a as ({sides.format(after)}),
        pairs as (
            select {call} as call_position, to_json({{{named}}})::varchar as row_key, b, a
            from b full join a using ({key})
        ),
        single as (
            select call_position, row_key, unnest([{values}]) as one
            from pairs where b.row_count = 1 and a.row_count = 1
        )
        select '{model.name}', call_position, row_key, one.name, one.before, one.after
        from single where one.differs
        union all
        select '{model.name}', call_position, row_key, null, b.rows_as_json, a.rows_as_json
        from pairs where (b.row_count = 1 and a.row_count = 1) is not true
    """)


def find_differing(
    connection: duckdb.DuckDBPyConnection, compared: Compared, which: str, key: str, row: str
) -> bool:
    """Put the keys of rows that differ into the temporary table `differing`; whether any do."""
    rows = f"select {key}, hash{row} as row_hash, {{}} as side from {{}} where {which}"
    connection.execute(f"""
        create or replace temp table differing as
        select distinct {key} from (
            select {key}, row_hash
            from ({rows.format(1, compared.before)} union all {rows.format(-1, compared.after)})
            group by all having sum(side) <> 0
        )
    """)
    return connection.execute("from differing limit 1").fetchone() is not None


def with_differing_rows(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The models of which some row differs."""
    rows = connection.execute("select distinct model from differences").fetchall()
    return {model for (model,) in rows}


def has_other_columns(connection: duckdb.DuckDBPyConnection, compared: Compared) -> bool:
    """Whether the two tables have other columns."""
    before, after = (columns_of(connection, one) for one in (compared.before, compared.after))
    return set(before) != set(after)


def summary(connection: duckdb.DuckDBPyConnection, compared: Compared) -> Changed | None:
    """What differs in a model; nothing when it came out the same."""
    model, before, after = compared
    ((rows,),) = connection.execute(
        "select count(distinct row_key) from differences where model = ?", [model.name]
    ).fetchall()
    old, new = columns_of(connection, before), columns_of(connection, after)
    if not rows and set(old) == set(new):
        return None
    counts = connection.execute(
        "select column_name, count(*) from differences"
        " where model = ? and column_name is not null group by all order by 2 desc, 1",
        [model.name],
    ).fetchall()
    ((rows_before,), (rows_after,)) = (
        connection.execute(f"select count(*) from {table}").fetchall()[0]
        for table in (before, after)
    )
    return Changed(
        *(model.name, rows_before, rows_after, rows, dict(counts)),
        tuple(name for name in new if name not in old),
        tuple(name for name in old if name not in new),
    )
