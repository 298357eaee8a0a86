"""The DuckDB file: opened, or set aside and made anew where it cannot be."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from projections.database import FILE_NAME, Projections
from projections.errors import ProjectionError

ASIDE: Final = ".set-aside-"


class FileInUse(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """A program that is none of the ledger's has the file open."""


class SetAside(NamedTuple):
    """A file that was set aside, with its log."""

    name: str
    at: str
    size_bytes: int


def open_or_set_aside(path: Path, memory_megabytes: int) -> tuple[Projections, str]:
    """Open the file; one that will not open, or has other columns, is set aside and made anew.

    Returns a word about it, or nothing. Raises `FileInUse` when a foreign program has it open.
    """
    try:
        # Whoever opens a pipe waits until somebody writes to it.
        if not path.exists() or path.is_file():
            projections = Projections(path, memory_megabytes)
            with ExitStack() as closing:
                closing.callback(projections.close)
                if projections.is_of_this_version:
                    closing.pop_all()
                    return projections, ""
            why = "was made by a version with other columns"
        else:
            why = "is no file"
    except duckdb.Error as error:
        if "lock on file" in str(error):
            raise FileInUse(
                f"{path} is open in another program: close it there, and ask again."
            ) from None
        why = "could not be opened"
    aside = set_aside(path)
    note = f"{path.name} {why}: it is kept as {aside.name}, and was made anew from the store."
    return Projections(path, memory_megabytes), note


def set_aside(path: Path) -> Path:
    """Give the file and its log another name, which is returned."""
    stem = f"{path.name}{ASIDE}{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    aside = path.with_name(stem)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{stem}-{number}")
    path.rename(aside)
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        log.rename(aside.with_name(f"{aside.name}.wal"))
    return aside


def files_set_aside(folder: Path) -> list[SetAside]:
    """The files that were set aside in a folder, the oldest first."""
    return sorted(
        SetAside(
            path.name,
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.lstat().st_ctime)),
            size_bytes(path),
        )
        for path in folder.glob(f"{FILE_NAME}{ASIDE}*")
        if path.suffix != ".wal"
    )


def size_bytes(path: Path) -> int:
    """How large a file is, with DuckDB's log beside it; 0 where there is none."""
    parts = (path, path.with_name(f"{path.name}.wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
