"""Which schema has each model's tables, and which are beside them: being built, or kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb

from projections.file_layout import SCHEMAS
from projections.models import Kind, Models

VIEW = ""
"""The schema of a model that is a view."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Where tables are, and the hashes of the models that made them."""

    schemas: Mapping[str, str]
    made_by: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Aside:
    """Tables beside the current ones, and how far they are."""

    is_kept: bool
    position: int
    refusal_number: int
    tables: Tables


def current(connection: duckdb.DuckDBPyConnection) -> Tables:
    """The tables that the names of the models mean."""
    return tables_in(connection, "current_models")


def aside(connection: duckdb.DuckDBPyConnection) -> Aside | None:
    """The tables beside the current ones, if there are any."""
    rows = connection.execute("select is_kept, position, refusal_number from aside").fetchall()
    if not rows:
        return None
    ((is_kept, position, refusal_number),) = rows
    return Aside(is_kept, position, refusal_number, tables_in(connection, "models_aside"))


def tables_in(connection: duckdb.DuckDBPyConnection, table: str) -> Tables:
    """What one of the two lists has."""
    rows = connection.execute(f"select model, schema_name, made_by from {table}").fetchall()
    return Tables(
        {model: schema for model, schema, _ in rows if schema != VIEW},
        {model: made_by for model, _, made_by in rows},
    )


def outdated(connection: duckdb.DuckDBPyConnection, models: Models) -> list[str]:
    """The models that are new, gone, or other than those of this version."""
    made_by = current(connection).made_by
    names = [*models.hashes, *sorted(made_by.keys() - models.hashes.keys())]
    return [name for name in names if made_by.get(name) != models.hashes.get(name)]


def begin_aside(
    connection: duckdb.DuckDBPyConnection,
    models: Models,
    names: Collection[str],
    position: int,
    refusal_number: int,
) -> Aside:
    """Note that these tables are built beside the current ones from now on."""
    drop_aside(connection)
    schemas = current(connection).schemas
    for model in models.kept:
        if model.name in names:
            other = SCHEMAS[schemas.get(model.name) == SCHEMAS[0]]
            connection.execute(
                "insert into models_aside values (?, ?, ?)",
                [model.name, other, models.hashes[model.name]],
            )
    connection.execute("insert into aside values (false, ?, ?)", [position, refusal_number])
    begun = aside(connection)
    assert begun is not None
    return begun


def note_aside(connection: duckdb.DuckDBPyConnection, position: int, refusal_number: int) -> None:
    """Note how far the tables beside the current ones are."""
    connection.execute("delete from calls_to_recompute_aside")
    connection.execute(
        "update aside set position = ?, refusal_number = ?", [position, refusal_number]
    )


def drop_aside(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop all tables but the current ones, in the caller's transaction."""
    schemas = current(connection).schemas
    found = connection.execute(
        "select schema_name, table_name from duckdb_tables() where schema_name in (?, ?)",
        list(SCHEMAS),
    ).fetchall()
    for schema, name in found:
        if schemas.get(name) != schema:
            connection.execute(f"drop table {schema}.{name}")
    for table in ("aside", "models_aside", "calls_to_recompute_aside"):
        connection.execute(f"delete from {table}")


def show(
    connection: duckdb.DuckDBPyConnection,
    models: Models,
    new: Tables,
    keeps: bool,
    at: tuple[int, int],
) -> None:
    """Let the names of the models mean these tables, and the others what they mean already.

    The tables before are dropped, or kept with how far they are.
    """
    before = current(connection)
    schemas = {**before.schemas, **new.schemas}
    for name in sorted(before.made_by.keys() - models.hashes.keys()):
        connection.execute(f"drop view if exists main.{name}")
    connection.execute("delete from current_models")
    for model in models.readable:
        is_view = model.kind is Kind.VIEW
        source = model.sql if is_view else f"from {schemas[model.name]}.{model.name}"
        is_there = is_view and before.made_by.get(model.name) == models.hashes[model.name]
        if not is_there:
            connection.execute(f"create or replace view main.{model.name} as {source}")
        made_by = {**before.made_by, **new.made_by}.get(model.name)
        connection.execute(
            "insert into current_models values (?, ?, ?)",
            [
                model.name,
                VIEW if is_view else schemas[model.name],
                models.hashes[model.name] if is_view else made_by,
            ],
        )
    if not keeps:
        drop_aside(connection)
        return
    for table in ("aside", "models_aside", "calls_to_recompute_aside"):
        connection.execute(f"delete from {table}")
    for name in new.schemas:
        if name in before.schemas:
            connection.execute(
                "insert into models_aside values (?, ?, ?)",
                [name, before.schemas[name], before.made_by[name]],
            )
    connection.execute("insert into aside values (true, ?, ?)", list(at))
