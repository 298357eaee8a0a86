"""Rows as people and programs want them: a table, JSON, CSV or Parquet."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.parquet
from rich.console import Console
from rich.table import Table


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class FormatsExcludeEachOtherError(ValueError):
    """More than one of --json, --csv and --parquet was asked for."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where and how an answer goes; Parquet goes to a file, the others to standard output."""

    format: Format
    parquet: Path | None = None

    @classmethod
    def chosen(cls, json: bool, csv: bool, parquet: Path | None = None) -> Output:
        """The one format that the flags choose; without a flag it is a table."""
        if json + csv + (parquet is not None) > 1:
            raise FormatsExcludeEachOtherError("choose one of --json, --csv and --parquet")
        if json:
            return cls(Format.JSON)
        if csv:
            return cls(Format.CSV)
        return cls(Format.PARQUET, parquet) if parquet is not None else cls(Format.TABLE)


def console() -> Console:
    """The terminal for tables; made anew each time, so that it follows redirection."""
    return Console(soft_wrap=False, highlight=False)


def write_json(document: object) -> None:
    """Write one JSON document, indented, to standard output."""
    text = orjson.dumps(document, default=plain, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    sys.stdout.write(text.decode() + "\n")


def plain(value: object) -> object:
    """Turn what JSON does not know into text."""
    if isinstance(value, UUID | Path | date):
        return str(value)
    raise TypeError(type(value))


def write_csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows with a header line to standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(
        [value.isoformat() if isinstance(value, datetime) else value for value in row]
        for row in rows
    )


def write_parquet(table: pa.Table, path: Path, about: dict[str, str]) -> None:
    """Write the rows to a Parquet file, with what they are about in its metadata."""
    metadata = {**(table.schema.metadata or {}), **about}
    pa.parquet.write_table(table.replace_schema_metadata(metadata), path)


def table_of(
    names: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None
) -> Table:
    """Rows as a table for the terminal: headers in words, numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, name in enumerate(names):
        numeric = any(isinstance(row[index], int | float) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(shown(value) for value in row))
    return table


def shown(value: Any) -> str:
    """A value as a person reads it; nothing known is a dash."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.3f}" if 0 < abs(value) < 1 else f"{value:,.1f}"
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list() | tuple():
            return ", ".join(shown(one) for one in value)
        case _:
            return str(value)
