"""A snapshot file: models and events at a position, which anybody may open with DuckDB alone.

It is written aside in the folder where it will be, made durable, and renamed. Whoever reads the one
before goes on reading it, and a process that is killed leaves nothing under the file's name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

import duckdb
from filelock import FileLock, Timeout

from infra.errors import WRONG_USAGE
from projections.errors import ProjectionError
from projections.serving.isolated import TablesMoved, environment
from projections.serving.protocol import Answer
from projections.serving.snapshot import MOVED, Snapshot

DUCKDB_MARK: Final = b"DUCK"
DUCKDB_MARK_AT: Final = 8
"""Where a DuckDB file has its mark, in bytes."""


LOOK_AGAIN_SECONDS: Final = 0.1
"""How soon it is noticed that a file is to be given up."""

OF_THE_MACHINE: Final = ("IO Error", "Out of Memory Error", "[Errno")
"""How those errors begin that speak of files and memory alone."""


class NoSnapshot(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The snapshot could not be made; the file before it, if any, is as it was."""


class WrongPlace(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """A snapshot must not go there."""

    exit_code = WRONG_USAGE


def check_place(path: Path, ledger: Path) -> None:
    """Refuse to write over what is no snapshot. Raises `WrongPlace`."""
    if not path.parent.is_dir():
        raise WrongPlace(f"There is no folder {path.parent}: make it, or name another file.")
    if path.absolute().parent.resolve() == ledger.absolute().resolve():
        raise WrongPlace(f"{path} is in the ledger's own folder: name a file elsewhere.")
    if path.is_symlink() or (path.exists() and not is_duckdb(path)):
        raise WrongPlace(f"{path} is there and no DuckDB file: name another file.")


def is_duckdb(path: Path) -> bool:
    """Whether a file has DuckDB's mark."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(DUCKDB_MARK_AT + len(DUCKDB_MARK))[DUCKDB_MARK_AT:] == DUCKDB_MARK


def publish(
    snapshot: Snapshot, path: Path, with_personal: bool, ended: threading.Event | None = None
) -> None:
    """Make the file from a lent snapshot, in place of the one before.

    It is given up once `ended` is set. Raises `TablesMoved`, and `NoSnapshot` when it cannot be
    made or somebody else is making it.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=0):
            clear(partial)
            try:
                fill(snapshot, partial, with_personal, ended)
                make_durable(partial)
                partial.replace(path)
                make_durable(path.parent)
            finally:
                clear(partial)
    except Timeout:
        raise NoSnapshot(
            f"Another process is making {path}: wait until it has finished, or name another file."
        ) from None
    except OSError as error:
        raise NoSnapshot(
            f"{path} cannot be written ({error.strerror}): see to that, or name another file."
        ) from None


def fill(
    snapshot: Snapshot, partial: Path, with_personal: bool, ended: threading.Event | None = None
) -> None:
    """Let a process of its own write the file; it ends when this one does, or `ended` is set."""
    given = {
        "snapshot": asdict(snapshot),
        "path": str(partial.absolute()),
        "with_personal": with_personal,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "projections.serving.snapshot_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stderr is not None
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(given).encode() + b"\n")
            process.stdin.flush()
        code = waited_for(process, ended)
        said = process.stderr.read().decode("utf-8", "replace")
    finally:
        process.kill()
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stderr.close()
        process.wait()
    if code == MOVED:
        raise TablesMoved
    if code:
        raise NoSnapshot(
            f"The snapshot could not be made ({reason_in(said)}): see to that, and try again."
        )


def waited_for(process: subprocess.Popen[bytes], ended: threading.Event | None) -> int:
    """The exit code of the process, which says less than a pipe holds. Raises `NoSnapshot`."""
    while True:
        try:
            return process.wait(LOOK_AGAIN_SECONDS)
        except subprocess.TimeoutExpired:
            if ended is not None and ended.is_set():
                raise NoSnapshot("It was given up: the process that made it ends.") from None


def reason_in(said: str) -> str:
    """Why, in words without any that could be of a row: the sentence may go into a log."""
    if not said.strip():
        return "its process was ended"
    last = said.strip().splitlines()[-1]
    return last if last.startswith(OF_THE_MACHINE) else last.partition(":")[0]


def told_by(path: Path) -> Answer:
    """What a snapshot file says of itself."""
    with duckdb.connect(str(path), read_only=True) as connection:
        table = connection.sql("from snapshot").to_arrow_table()
    return Answer(table, table.column("position")[0].as_py())


def make_durable(path: Path) -> None:
    """Have a file, or a folder's names, on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def clear(partial: Path) -> None:
    """Remove what an earlier process has left."""
    for suffix in ("", ".wal"):
        partial.with_name(partial.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(partial.with_name(f"{partial.name}.spill"), ignore_errors=True)
