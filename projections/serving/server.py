"""Who has the DuckDB file: one process, which answers the questions of all the others.

DuckDB lets a single process open a file for writing. The one that gets the lock brings the file
up to the store and, for as long as it has it, answers on a local socket. So nobody meets a lock.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import (
    Connection,
    Listener,
    answer_challenge,
    deliver_challenge,
)
from pathlib import Path
from typing import Any, Final

import duckdb
from filelock import FileLock, Timeout

from infra.errors import LedgerError
from ledger.feed import Feed
from projections.batches import Positions
from projections.catch_up import Progress, catch_up
from projections.database import (
    FILE_NAME,
    MEMORY_MEGABYTES,
    ProjectionError,
    Projections,
    StillFilling,
)
from projections.identity import check_tables_are_of
from projections.serving.protocol import (
    Answer,
    Question,
    pack_answer,
    pack_error,
    unpack_question,
    without_delay,
)
from projections.serving.sandbox import read

LOCK_NAME: Final = "projections.lock"
ADDRESS_NAME: Final = "projections.owner"
QUESTION_BYTES_LIMIT: Final = 1_000_000
WAIT_FOR_OTHERS_SECONDS: Final = 5.0


class Busy(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """Another process has the file."""


class Owner:
    """Has the file: brings it up to the feed and answers questions, its own and others'."""

    def __init__(
        self,
        folder: Path,
        projections: Projections,
        open_feed: Callable[[], Feed] | None,
        note: str,
    ) -> None:
        self.folder = folder
        self.projections = projections
        self.note = note
        """A word about a file that was set aside, or nothing."""
        self._open_feed = open_feed
        self._writing = threading.RLock()
        self._is_checked = False
        self._is_filling = open_feed is not None and projections.positions.projected_position == 0

    def bring_up(self, progress: Progress | None = None) -> Positions:
        """Bring the file up to where the feed is now; one thread at a time does it."""
        with self._writing:
            if self._open_feed is None:
                return self.projections.positions
            feed = self._open_feed()
            try:
                if not self._is_checked:
                    check_tables_are_of(feed, self.projections)
                    self._is_checked = True
                positions = catch_up(self.projections, feed, progress)
                self._is_filling = False
                return positions
            finally:
                close = getattr(feed, "close", None)
                if close is not None:
                    close()

    @contextmanager
    def writing(self) -> Iterator[Projections]:
        """Be the only thread that writes the file."""
        with self._writing:
            yield self.projections

    def answer(self, question: Question) -> Answer:
        """Answer from the tables as they are, brought up to the position asked for if possible.

        While another thread is writing, it waits for it only so long, and then answers from
        before; the answer says its position. Raises `StillFilling` while a new file has nothing
        to answer from.
        """
        cursor = self.projections.connection.cursor()
        try:
            if question.wanted_position > projected_position(cursor) and self._writing.acquire(
                timeout=question.patience_seconds
            ):
                try:
                    self.bring_up()
                finally:
                    self._writing.release()
            if self._is_filling:
                taken_in = cursor.execute("select position from feed_positions").fetchall()[0][0]
                raise StillFilling(
                    f"The read side is being made anew from the store, {taken_in:,} of"
                    f" {question.wanted_position:,} events so far: ask again in a moment."
                )
            table, position = read(
                cursor,
                question.sql,
                question.parameters,
                question.rows_limit,
                question.timeout_seconds,
            )
            return Answer(table, position, self.note)
        finally:
            cursor.close()


def projected_position(cursor: duckdb.DuckDBPyConnection) -> int:
    """How far the models are."""
    rows = cursor.execute("select projected_position from feed_positions").fetchall()
    return int(rows[0][0])


@contextmanager
def owning(
    folder: Path,
    open_feed: Callable[[], Feed] | None = None,
    memory_megabytes: int = MEMORY_MEGABYTES,
) -> Iterator[Owner]:
    """Have the file, and answer others, for as long as this lasts; DuckDB may have that memory.

    Raises `Busy` when another process has it.
    """
    lock = FileLock(folder / LOCK_NAME, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy(f"The read side in {folder} is in use; ask through `reading.ask`.") from None
    try:
        projections, note = open_or_set_aside(folder / FILE_NAME, memory_megabytes)
        try:
            owner = Owner(folder, projections, open_feed, note)
            with answering(owner):
                yield owner
        finally:
            projections.close()
    finally:
        lock.release()


def open_or_set_aside(path: Path, memory_megabytes: int) -> tuple[Projections, str]:
    """Open the file; one that will not open, or is of other models, is set aside and made anew.

    Returns a word about it, or nothing. Raises `Busy` when a foreign program has the file open.
    """
    try:
        projections = Projections(path, memory_megabytes)
        if projections.is_of_these_models:
            return projections, ""
        projections.close()
        why = "was made by other models"
    except duckdb.Error as error:
        if "lock on file" in str(error):
            raise Busy(
                f"{path} is open in another program; close it there, and ask again."
            ) from None
        why = "could not be opened"
    aside = path.with_name(f"{path.name}.set-aside-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
    path.rename(aside)
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        log.rename(aside.with_name(f"{aside.name}.wal"))
    note = f"{path.name} {why}: it is kept as {aside.name}, and was made anew from the store."
    return Projections(path, memory_megabytes), note


@contextmanager
def answering(owner: Owner) -> Iterator[None]:
    """Answer the questions of other processes, until this ends and the last one is answered."""
    authkey = secrets.token_bytes(32)
    busy = threading.BoundedSemaphore(64)
    threads: list[threading.Thread] = []
    with Listener(("127.0.0.1", 0), "AF_INET", backlog=64) as listener:
        stopping = threading.Event()

        def accept() -> None:
            while not stopping.is_set():
                with suppress(OSError, EOFError):
                    connection = listener.accept()
                    if stopping.is_set():
                        connection.close()
                        return
                    thread = threading.Thread(target=converse, args=(connection,), daemon=True)
                    threads[:] = [one for one in threads if one.is_alive()]
                    threads.append(thread)
                    thread.start()

        def converse(connection: Connection[Any, Any]) -> None:
            with connection, busy, suppress(OSError, EOFError, AuthenticationError):
                without_delay(connection)
                deliver_challenge(connection, authkey)
                answer_challenge(connection, authkey)
                while not stopping.is_set() and connection.poll(0.2):
                    question = unpack_question(connection.recv_bytes(QUESTION_BYTES_LIMIT))
                    try:
                        reply = pack_answer(owner.answer(question))
                    except ProjectionError as error:
                        reply = pack_error(error)
                    except (LedgerError, duckdb.Error) as error:
                        reply = pack_error(ProjectionError(str(error)))
                    connection.send_bytes(reply)

        accepting = threading.Thread(target=accept, name="answering", daemon=True)
        accepting.start()
        address = owner.folder / ADDRESS_NAME
        leave_address(address, listener.address, authkey)
        try:
            yield
        finally:
            stopping.set()
            address.unlink(missing_ok=True)
            with suppress(OSError):
                socket.create_connection(listener.address, timeout=1).close()
            accepting.join(WAIT_FOR_OTHERS_SECONDS)
            for thread in threads:
                thread.join(WAIT_FOR_OTHERS_SECONDS)


def leave_address(path: Path, address: object, authkey: bytes) -> None:
    """Tell where to ask, to those alone who may read the folder's owner's files."""
    assert isinstance(address, tuple)
    text = json.dumps({"port": address[1], "authkey": authkey.hex(), "pid": os.getpid()})
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)
