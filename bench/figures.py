"""A figure, what it is to reach, and the tables of them in bench/README.md."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

README = Path(__file__).parent / "README.md"


class Figure(NamedTuple):
    """One measured figure; a target is reached from below, or, with `at_most`, from above."""

    what: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        reached = self.value <= self.target if self.at_most else self.value >= self.target
        return "yes" if reached else f"no, {self.value / self.target:.2f} of it"

    @property
    def aim(self) -> str:
        if self.target is None:
            return ""
        return f"{'≤' if self.at_most else '≥'} {written(self.target)} {self.unit}"


def written(value: float) -> str:
    """A number with as many digits as say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def machine() -> str:
    """What the figures were measured on, and when."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {cpu}, load before "
        f"{os.getloadavg()[0]:.1f}; Python {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}, DuckDB {duckdb.__version__}"
    )


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [
        f"| {one.what} | {written(one.value)} {one.unit} | {one.aim} | {one.verdict} |"
        for one in figures
    ]
    return "\n".join(["| what | measured | to reach | reached |", "|---|---:|---:|---|", *rows])


def keep(text: str, name: str) -> None:
    """Put the text between the marks of that name in the README, for what stood there."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    readme = README.read_text("utf-8")
    before, found, rest = readme.partition(begin)
    _, closed, after = rest.partition(end)
    assert all((found, closed)), f"{README} has no marks {begin} and {end}"
    README.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")
