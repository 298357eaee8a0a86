"""What a statement may be: decided from what DuckDB's parser makes of it, never from its text.

Everything in the parsed statement has to be known here: the kinds of its parts, its functions, and
the tables that it names. Whatever is not known is refused, whatever it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from re import DOTALL, IGNORECASE
from re import compile as compiled
from typing import Any, Final, NamedTuple

import duckdb
import orjson

from infra.nearest import did_you_mean
from projections.serving.permitted_functions import FUNCTIONS, words
from projections.serving.sandbox import (
    STATEMENT_LENGTH_LIMIT,
    QueryFailed,
    QueryRefused,
    cannot,
    too_many_characters,
)

EXPRESSIONS: Final = words(
    """
    BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA LAMBDA_REF
    OPERATOR PARAMETER POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW
    """
)
QUERIES: Final = words(
    """
    SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE DISTINCT_MODIFIER LIMIT_MODIFIER
    LIMIT_PERCENT_MODIFIER ORDER_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING
    """
)
SOURCES: Final = words(
    """
    BASE_TABLE COLUMN_DATA CTE EMPTY EXPRESSION_LIST JOIN PIVOT SHOW_REF SUBQUERY TABLE_FUNCTION
    """
)
PARTS: Final = QUERIES | SOURCES
EXPLAIN: Final = compiled(
    r"\s*explain\s+(?:analyze\s+)?(?:\(\s*(?:analyze|format)\b[^()]*\)\s*)?(.*)",
    IGNORECASE | DOTALL,
)
"""The options in brackets are told from a select in brackets by their first word."""

TOO_DEEP: Final = "Max expression depth"
TOO_DEEP_SENTENCE: Final = "The statement is nested too deeply: write it flatter."

LOOK: Final = "see the list with `call-ledger sql --help`."


class Readable(NamedTuple):
    """What a statement may read, in small letters."""

    tables: Set[str]
    table_functions: Set[str]
    schemas: Set[str] = frozenset({"main"})
    """What may stand before a table's name."""


def check(connection: duckdb.DuckDBPyConnection, sql: str, readable: Readable) -> frozenset[str]:
    """Raise `QueryRefused` unless it is one statement that only computes from what is readable.

    Returns the tables that it names, in small letters. Raises `QueryFailed` for what DuckDB's
    parser does not understand.
    """
    if len(sql) > STATEMENT_LENGTH_LIMIT:
        raise QueryRefused(too_many_characters(sql))
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        if TOO_DEEP in str(error):
            raise QueryRefused(TOO_DEEP_SENTENCE) from None
        raise QueryFailed(cannot(str(error))) from None
    if len(statements) != 1:
        raise QueryRefused(f"Give exactly one statement; here are {len(statements)}.")
    kind = statements[0].type
    explained = EXPLAIN.fullmatch(sql) if kind == duckdb.StatementType.EXPLAIN else None
    if explained is None and kind != duckdb.StatementType.SELECT:
        multiple = kind == duckdb.StatementType.MULTI
        what = "a pivot without its values" if multiple else kind.name.lower()
        raise QueryRefused(
            f"Only select is allowed here, and this is {what}: begin with select,"
            " with, from, describe, summarize, explain, or a pivot that lists its values."
        )
    return check_parts(parsed(connection, explained[1] if explained else sql), readable)


def parsed(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """What the parser makes of a select."""
    ((text,),) = connection.execute("select json_serialize_sql(?)", [sql]).fetchall()
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise QueryRefused(TOO_DEEP_SENTENCE) from None
    if not said["error"] and len(said["statements"]) != 1:
        raise QueryRefused("Only select is allowed here: explain one.")
    if said["error"]:
        raise QueryRefused(
            f"Only select is allowed here ({said['error_message']}): a pivot has to list its"
            " values, as in `pivot t on a in (1, 2) using count(*)`."
        )
    return said["statements"]


def check_parts(statements: Any, readable: Readable) -> frozenset[str]:
    """Refuse the first part that is not known; otherwise return the tables that are named.

    A named query may be read within its statement.
    """
    tables = set()
    remaining: list[tuple[Any, frozenset[str]]] = [(statements, frozenset())]
    while remaining:
        part, named = remaining.pop()
        if isinstance(part, list):
            remaining += ((one, named) for one in part)
        elif isinstance(part, dict):
            check_part(part, readable, named)
            tables |= tables_of(part)
            remaining += children(part, named)
    return frozenset(tables)


def tables_of(part: dict[str, Any]) -> set[str]:
    """The table that a part reads or shows, if it does."""
    if part.get("type") == "BASE_TABLE":
        return {part["qualified_name"]["path"][-1].lower()}
    if part.get("type") == "SHOW_REF" and part["query"] is None:
        return {part["table_name"].strip('"').lower()}
    return set()


def children(part: dict[str, Any], named: frozenset[str]) -> Iterator[tuple[Any, frozenset[str]]]:
    """What may have parts of its own, and which named queries can be read there.

    A constant's value and type have none. A query's name holds in the queries after it and in what
    they are for; within the query itself, and before it, the same name is a table's.
    """
    if part.get("class") == "CONSTANT":
        return
    others = {name: value for name, value in part.items() if name != "cte_map"}
    for one in part.get("cte_map", {}).get("map", ()):
        yield one["value"], named
        named |= {one["key"].lower()}
    if "cte_name" in part:
        yield others.pop("left"), named
        named |= {part["cte_name"].lower()}
    yield from ((value, named) for value in others.values())


def check_part(part: dict[str, Any], readable: Readable, named: frozenset[str]) -> None:
    """Refuse one part that is not known."""
    if "class" in part:
        if part["class"] not in EXPRESSIONS:
            raise QueryRefused(f"{part['class'].lower()} cannot be used here: only select reads.")
    elif isinstance(part.get("type"), str) and part["type"] not in PARTS:
        raise QueryRefused(f"{part['type'].lower()} cannot be used here: only select reads.")
    if "function_name" in part:
        check_function(part, FUNCTIONS | readable.table_functions)
    if part.get("type") == "TABLE_FUNCTION":
        check_function(part["function"], readable.table_functions)
    if part.get("type") == "SHOW_REF" and part["query"] is None:
        check_shown(part, readable.tables)
    if part.get("type") == "BASE_TABLE":
        check_table(part, readable, named)


def check_function(part: dict[str, Any], known: Set[str]) -> None:
    """Refuse a function that is not known to only compute, or is named with a schema."""
    name = part["function_name"].lower()
    path = part.get("qualified_name", {}).get("path", [name])
    if len(path) != 1 or name not in known:
        raise QueryRefused(
            f"The function {'.'.join(path)} cannot be used here: only those that compute from"
            " rows can. Take it out, or compute it in another program."
        )


def check_shown(part: dict[str, Any], tables: Set[str]) -> None:
    """Refuse to show anything but tables."""
    name = part["table_name"]
    if name.strip('"').lower() not in tables:
        raise QueryRefused(f"{name} cannot be shown here; {LOOK}")


def check_table(part: dict[str, Any], readable: Readable, named: frozenset[str]) -> None:
    """Refuse a table that is neither one of ours nor a query of the statement."""
    path = [name.lower() for name in part["qualified_name"]["path"]]
    is_ours = path[-1] in readable.tables and (
        len(path) == 1 or (len(path) == 2 and path[0] in readable.schemas)
    )
    if not is_ours and not (len(path) == 1 and path[0] in named):
        near = did_you_mean(path[-1], readable.tables)
        raise QueryRefused(f"There is no table {'.'.join(path)} to be read here; {LOOK}{near}")
