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
from projections.database import FILE_NAME, MEMORY_MEGABYTES
from projections.errors import ProjectionError
from projections.serving.duckdb_file import open_or_set_aside
from projections.serving.line import ADDRESS_NAME
from projections.serving.owner import Owner
from projections.serving.protocol import (
    pack_answer,
    pack_error,
    pack_snapshot,
    unpack_question,
    without_delay,
)
from projections.serving.rebuilding import is_wish, serve_rebuild
from projections.serving.retrying import is_retry, serve_retry

LOCK_NAME: Final = "projections.lock"
QUESTION_BYTES_LIMIT: Final = 1_000_000
WAIT_FOR_OTHERS_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 0.2
"""How long a connection without a question is kept, and how soon the end is noticed."""


class Busy(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """Another process of the ledger has the file, and answers."""


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
            try:
                with answering(owner):
                    yield owner
            finally:
                owner.close()
        finally:
            projections.close()
    finally:
        lock.release()


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
                while not stopping.is_set() and connection.poll(IDLE_SECONDS):
                    reply_to(
                        owner, connection, connection.recv_bytes(QUESTION_BYTES_LIMIT), stopping
                    )

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


def reply_to(
    owner: Owner, connection: Connection[Any, Any], message: bytes, stopping: threading.Event
) -> None:
    """Answer one question, or lend a snapshot until it is given back; an error is an answer too."""
    try:
        if is_wish(message):
            serve_rebuild(owner, connection, message, stopping)
            return
        if is_retry(message):
            serve_retry(owner, connection, message)
            return
        question = unpack_question(message)
        if not question.is_isolated:
            connection.send_bytes(pack_answer(owner.answer(question)))
            return
        with owner.lending(question) as snapshot:
            connection.send_bytes(pack_snapshot(snapshot, owner.note))
            while not stopping.is_set() and not connection.poll(IDLE_SECONDS):
                pass
        if not stopping.is_set():
            connection.recv_bytes(QUESTION_BYTES_LIMIT)
    except (OSError, EOFError):
        raise
    except ProjectionError as error:
        connection.send_bytes(pack_error(error))
    except (LedgerError, duckdb.Error) as error:
        connection.send_bytes(pack_error(ProjectionError(str(error))))
    except Exception as error:  # whoever asks is told, and does not wait for an answer
        connection.send_bytes(pack_error(mistake(error)))


def mistake(error: Exception) -> ProjectionError:
    """The error for what should not have happened where the tables are."""
    return ProjectionError(
        "The process that has the tables could not answer because of a mistake in call-ledger"
        f" itself ({type(error).__name__}: {error}); please report it."
    )


def leave_address(path: Path, address: object, authkey: bytes) -> None:
    """Tell where to ask, to those alone who may read the folder's owner's files."""
    assert isinstance(address, tuple)
    text = json.dumps({"port": address[1], "authkey": authkey.hex(), "pid": os.getpid()})
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)
