"""What the DuckDB file has beside the models: events, refusals, and how far it is."""

from __future__ import annotations

from typing import Final

import duckdb

from projections import dead_letters
from projections.columns import CAUSATION, EVENT_COLUMNS, REFUSAL_COLUMNS, table_of
from projections.models import sha256

SCHEMAS: Final = ("blue", "green")
"""The tables of each model are in one of them, and are built in the other."""

TABLES: Final = (
    table_of("events", EVENT_COLUMNS),
    table_of("refusal_events", REFUSAL_COLUMNS),
    dead_letters.TABLES,
    "create table feed_positions (position bigint, refusal_number bigint,"
    " projected_position bigint, projected_refusal_number bigint)",
    "insert into feed_positions values (0, 0, 0, 0)",
    "create table current_models (model varchar, schema_name varchar, made_by varchar)",
    "create table models_aside (model varchar, schema_name varchar, made_by varchar)",
    "create table aside (is_kept boolean, position bigint, refusal_number bigint)",
    "create table calls_to_recompute_aside (call_position bigint)",
    *(f"create schema {schema}" for schema in SCHEMAS),
)
"""`aside` has a row while tables are built beside the current ones, or kept from before them, and
then `calls_to_recompute_aside` has for these what `calls_to_recompute` has for the current ones."""

HASH: Final = sha256("\0".join((*TABLES, repr((EVENT_COLUMNS, REFUSAL_COLUMNS, CAUSATION)))))
"""A file with another layout is set aside, and its events are read anew from the feed."""

MADE_BY: Final = "create table file_made_by (layout_hash varchar)"


def make(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables in an empty file, in the caller's transaction."""
    for statement in (*TABLES, MADE_BY):
        connection.execute(statement)
    connection.execute("insert into file_made_by values (?)", [HASH])


def is_of_this_version(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the file has the tables and columns that this version reads and writes."""
    try:
        found = connection.execute("select layout_hash from file_made_by").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return False
    return found == [(HASH,)]
