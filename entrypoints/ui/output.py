"""Rows as people and programs want them: a table, JSON, CSV or Parquet."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import typer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import pyarrow as pa
    from rich.console import Console

LONGEST_WORD = 36
"""Characters of a word that is never broken in a table: those of a UUID."""


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Output:
    """Where and how an answer goes; Parquet goes to a file, the others to standard output."""

    format: Format
    parquet: Path | None = None

    @classmethod
    def chosen(cls, json: bool, csv: bool, parquet: Path | None = None) -> Output:
        """The one format that the flags choose; without a flag it is a table."""
        if json + csv + (parquet is not None) > 1:
            raise typer.BadParameter("Choose one of --json, --csv and --parquet.")
        if json:
            return cls(Format.JSON)
        if csv:
            return cls(Format.CSV)
        return cls(Format.PARQUET, parquet) if parquet is not None else cls(Format.TABLE)


def console() -> Console:
    """The terminal for tables; made anew each time, so that it follows redirection."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Screen(soft_wrap=False, highlight=False)


def write_json(document: object) -> None:
    """Write one JSON document, indented, to standard output."""
    text = orjson.dumps(document, default=plain, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    sys.stdout.write(text.decode() + "\n")


def plain(value: object) -> object:
    """Turn what JSON does not know into text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
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
    import pyarrow.parquet

    metadata = {**(table.schema.metadata or {}), **about}
    try:
        pyarrow.parquet.write_table(table.replace_schema_metadata(metadata), path)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror or error}.") from None
    sys.stdout.write(f"{len(table):,} rows written to {path}.\n")


def print_table(
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    title: str | None = None,
    without_empty: bool = False,
) -> None:
    """Print rows as a table: headers in words, numbers to the right.

    Where the terminal is narrower than the longest words, the table is wider than it rather
    than cut: a figure cut short is another figure.
    """
    from rich.box import SIMPLE_HEAD
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    if without_empty:
        kept = [at for at in range(len(names)) if any(row[at] is not None for row in rows)]
        names, rows = [names[at] for at in kept], [[row[at] for at in kept] for row in rows]
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
        collapse_padding=True,
    )
    cells = [[shown(value, name) for name, value in zip(names, row, strict=True)] for row in rows]
    for index, name in enumerate(names):
        values = [row[index] for row in rows if not isinstance(row[index], bool)]
        numeric = any(isinstance(value, int | float | Decimal) for value in values)
        words = [*heading(name).split(), *(cell[index] for cell in cells)]
        table.add_column(
            heading(name),
            justify="right" if numeric else "left",
            min_width=min(LONGEST_WORD, max(map(len, words))),
        )
    for row in cells:
        table.add_row(*map(Text, row))
    screen = console()
    if title is not None:
        screen.print(Text(title, "bold"))
    needed = Measurement.get(screen, screen.options, table).minimum
    screen.print(
        table, width=max(screen.width, needed), crop=False, soft_wrap=needed > screen.width
    )


def print_notes(*notes: str) -> None:
    """Print lines below a table, in markup, each indented to its last word."""
    from rich.padding import Padding

    screen = console()
    for note in notes:
        screen.print(Padding.indent(note, 2))


def tell_note(note: str) -> None:
    """Say on standard error what happened beside the answer, where anything did."""
    if note:
        sys.stderr.write(f"{note}\n")


def with_local_time(
    names: Sequence[str], rows: Sequence[Sequence[Any]], place: ZoneInfo
) -> tuple[list[str], list[list[Any]]]:
    """The rows with the local time of entering beside UTC, where the zone is another one."""
    shown_names, shown_rows = list(names), [list(row) for row in rows]
    if place.key != "UTC":
        at = shown_names.index("entered_at") + 1
        shown_names.insert(at, f"entered in {place.key}")
        for row in shown_rows:
            local = row[at - 1].replace(tzinfo=UTC).astimezone(place)
            row.insert(at, f"{local:%Y-%m-%d %H:%M:%S}")
    return shown_names, shown_rows


def heading(name: str) -> str:
    """A column's name in words; the unit goes where the value shows it."""
    if name.endswith("_count"):
        name = f"{name.removesuffix('_count')}s"
    return name.removesuffix("_seconds").replace("_", " ")


def shown(value: Any, name: str = "") -> str:
    """A value as a person reads it, by the unit its name ends in; nothing known is a dash."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal() if name.endswith("_seconds"):
            return duration(value)
        case float() if name.endswith(("_share", "_rate")) or "_rate_" in name:
            return f"{value:.1%}"
        case float():
            return f"{value:,.1f}"
        case int() | Decimal():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list() | tuple():
            return ", ".join(shown(one) for one in value)
        case _:
            return str(value)


def duration(seconds: float | Decimal) -> str:
    """A duration as 9.1 s, 2:05 or 1:02:05."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
