"""Rows as people and programs want them: a table, JSON, CSV or Parquet."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from entrypoints.ui.csv_cells import BYTE_ORDER_MARK, csv_line
from entrypoints.ui.duration import as_clock
from entrypoints.ui.parquet import without_unions
from entrypoints.ui.values import Written, as_text, json_text, unique
from entrypoints.ui.whole_file import whole_file
from infra.visible import visible

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import pyarrow as pa
    from rich.console import Console

LONGEST_WORD = 36
"""Characters of a word that is never broken in a table: those of a UUID."""

GAP_CELLS = 2
"""Cells between two columns of a table."""


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    PLOT = "plot"


@dataclass(frozen=True, slots=True)
class Output:
    """Where and how an answer goes: Parquet and plots to a file, the others to standard output."""

    format: Format
    parquet: Path | None = None
    is_raw: bool = False
    """Whether text that a spreadsheet could run goes into CSV as it is."""
    has_byte_order_mark: bool = False
    plot: Path | None = None
    is_dark: bool = False
    """Whether a plot is for a dark screen."""

    @classmethod
    def chosen(
        cls,
        json: bool,
        csv: bool,
        parquet: Path | None = None,
        raw: bool = False,
        excel: bool = False,
        plot: Path | None = None,
        dark: bool = False,
    ) -> Output:
        """The one format that the flags choose; without a flag it is a table.

        `--raw` and `--excel` are about CSV, and ask for it; `--dark` is about a plot.
        """
        csv = csv or raw or excel
        files = {"--parquet": parquet, "--plot": plot}
        flags = [name for name, is_said in (("--json", json), ("--csv", csv)) if is_said]
        flags += [name for name, file in files.items() if file is not None]
        if len(flags) > 1:
            raise typer.BadParameter(f"Choose one of {', '.join(flags[:-1])} and {flags[-1]}.")
        if dark and plot is None:
            raise typer.BadParameter("--dark is about a picture: say --plot FILE, too.")
        if plot is not None:
            return cls(Format.PLOT, plot=plot, is_dark=dark)
        if json:
            return cls(Format.JSON)
        if csv:
            return cls(Format.CSV, is_raw=raw, has_byte_order_mark=excel)
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
    sys.stdout.write(json_text(document, indented=True) + "\n")


def write_csv(names: Sequence[str], rows: Sequence[Sequence[Any]], output: Output) -> None:
    """Write rows with a header line to standard output."""
    if output.has_byte_order_mark:
        sys.stdout.write(BYTE_ORDER_MARK)
    sys.stdout.write(csv_line(names, output.is_raw))
    sys.stdout.writelines(csv_line(row, output.is_raw) for row in rows)


def write_parquet(table: pa.Table, path: Path, about: dict[str, str]) -> None:
    """Write the rows to a Parquet file, with what they are about in its metadata."""
    import pyarrow.parquet

    table = without_unions(table).rename_columns(unique(table.column_names))
    metadata = {**(table.schema.metadata or {}), **about}
    # By its name pyarrow would delete what it cannot write, a device too.
    with whole_file(path) as beside, beside.open("wb") as file:
        pyarrow.parquet.write_table(table.replace_schema_metadata(metadata), file)
    sys.stdout.write(f"{len(table):,} rows written to {path}.\n")


def print_table(
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    title: str | None = None,
    without_empty: bool = False,
    exactly: bool = False,
) -> None:
    """Print rows as a table: headers in words, numbers to the right.

    `exactly` shows the names and values as they are, instead of rounded and in the units of people.

    Where the terminal is narrower than the longest words, the table is wider than it rather
    than cut: a figure cut short is another figure.
    """
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    if without_empty:
        filled = [at for at in range(len(names)) if any(row[at] is not None for row in rows)]
        names, rows = [names[at] for at in filled], [[row[at] for at in filled] for row in rows]
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
        collapse_padding=True,
    )
    form = exact if exactly else shown
    heads = [visible(name) if exactly else heading(name) for name in names]
    cells = [[form(value, name) for name, value in zip(names, row, strict=True)] for row in rows]
    needed = 0
    for index in range(len(names)):
        values = [row[index] for row in rows if not isinstance(row[index], bool)]
        numeric = any(isinstance(value, int | float | Decimal) for value in values)
        words = [*heads[index].split(), *(cell[index] for cell in cells)]
        widest = min(LONGEST_WORD, max(map(cell_len, words), default=0))
        table.add_column(
            Text(heads[index]),
            justify="right" if numeric else "left",
            min_width=widest,
            overflow="fold",
        )
        needed += widest + GAP_CELLS
    for row in cells:
        table.add_row(*map(Text, row))
    screen = console()
    if title is not None:
        screen.print(Text(visible(title), "bold"))
    screen.width = max(screen.width, needed)
    screen.print(table, crop=False, soft_wrap=False)


def print_notes(*notes: str) -> None:
    """Print lines below a table, in markup, each indented to its last word."""
    from rich.padding import Padding

    screen = console()
    for note in notes:
        screen.print(Padding.indent(visible(note), 2))


def tell_note(note: str) -> None:
    """Say on standard error what happened beside the answer, where anything did."""
    if note:
        sys.stderr.write(f"{visible(note)}\n")


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
    return visible(re.sub("_seconds($|(?=_per_))", "", name).replace("_", " "))


def is_in_seconds(name: str) -> bool:
    """Whether a column of this name is a duration."""
    return name.endswith("_seconds") or "_seconds_per_" in name


def shown(value: Any, name: str = "") -> str:
    """A value as a person reads it, by the unit its name ends in; nothing known is a dash."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal() if is_in_seconds(name):
            return as_clock(value)
        case float() if name.endswith(("_share", "_rate")) or "_rate_" in name:
            return f"{value:.1%}"
        case float():
            return f"{value:,.1f}"
        case int() | Decimal():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list() | tuple():
            return ", ".join(shown(item) for item in value)
        case _:
            return visible(str(value))


def exact(value: Any, name: str = "") -> str:
    """A value with all that is known of it, as `sql` shows it; nothing known is a dash."""
    del name
    match value:
        case None:
            return "–"
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value:,}"
        case Decimal():
            return f"{value:,f}"
        case Written():
            return value.replace("T", " ").removesuffix("Z") if "T" in value else value
        case _:
            return visible(as_text(value) or "")
