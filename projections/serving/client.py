"""How everybody reads the ledger: ask, and be answered, whoever else is at work.

Whoever asks first has the DuckDB file, brings it up to the store and answers itself; the others
ask that process. One that dies is replaced by the next who asks.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, Final

from infra.errors import LedgerMissing
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.identity import fingerprint_at, fingerprint_from
from projections.catch_up import Progress
from projections.database import ProjectionError, StillFilling
from projections.feeds import NothingToFollow, feed_of
from projections.identity import FIRST_ROW, other_ledger
from projections.serving.protocol import (
    Answer,
    Question,
    pack_question,
    unpack_answer,
    without_delay,
)
from projections.serving.sandbox import ROWS_LIMIT, TIMEOUT_SECONDS, Parameters, check
from projections.serving.server import ADDRESS_NAME, Busy, Owner, owning

PATIENCE_SECONDS: Final = 10.0
"""How long an asker waits for its own position before it takes an answer from before."""

DEADLINE_SECONDS: Final = 120.0
RETRY_SECONDS: Final = 0.02

__all__ = ["Answer", "Reader", "ask"]


class Reader:
    """Asks as often as needed; has the file, or a line to the process that has it."""

    def __init__(
        self,
        folder: LedgerFolder | Path,
        progress: Progress | None = None,
        as_it_is: bool = False,
    ) -> None:
        """Raises `LedgerMissing` when there is no ledger in the folder.

        `as_it_is` leaves the tables where they are, instead of bringing them up to the store.
        """
        self._folder = LedgerFolder.of(folder)
        self._progress = progress
        self._owned = ExitStack()
        self._owner: Owner | None = None
        self._line: Connection[Any, Any] | None = None
        self._as_it_is = self._is_checked = as_it_is
        self._feed = self._open_feed()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_feed(self) -> StoreFeed | NothingToFollow:
        return NothingToFollow() if self._as_it_is else feed_of(self._folder)

    def close(self) -> None:
        """Let go of the file or the line."""
        self._feed.close()
        self._owner = None
        self._owned.close()
        self._hang_up()

    def ask(
        self,
        sql: str,
        parameters: Parameters | None = None,
        rows_limit: int = ROWS_LIMIT,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Answer:
        """Answer one statement that reads, with the position of the ledger it is true at.

        It shows all that was recorded before the question, or, where the read side is busy for
        longer than 10 seconds, an earlier position. Raises `QueryRefused`, `QueryFailed`, and
        `ProjectionError` when nobody answers within two minutes.
        """
        check(sql)
        question = Question(
            sql,
            parameters,
            self._feed.head().position,
            PATIENCE_SECONDS,
            rows_limit,
            timeout_seconds,
        )
        wait_seconds = DEADLINE_SECONDS + timeout_seconds
        deadline = time.monotonic() + wait_seconds
        reason = ProjectionError(
            f"Nobody answers for {self._folder} in {wait_seconds:g} seconds: "
            "see with `call-ledger doctor` who has the read side."
        )
        while time.monotonic() < deadline:
            try:
                answer = self._answer_oneself(question) or self._answer_of_owner(question)
            except StillFilling as filling:
                answer, reason = None, filling
            if answer is not None and self._owner is None and not self._is_checked:
                self._check_owner_is_of_this_ledger()
            if answer is not None:
                return answer
            time.sleep(RETRY_SECONDS)
        raise reason

    def _answer_oneself(self, question: Question) -> Answer | None:
        if self._owner is None:
            try:
                self._owner = self._owned.enter_context(owning(self._folder.path, self._open_feed))
            except Busy:
                return None
            self._hang_up()
            self._owner.bring_up(self._progress)
        return self._owner.answer(question)

    def _answer_of_owner(self, question: Question) -> Answer | None:
        with suppress(OSError, EOFError, AuthenticationError, ValueError, KeyError):
            if self._line is None:
                told = json.loads((self._folder.path / ADDRESS_NAME).read_text())
                self._line = Client(
                    ("127.0.0.1", told["port"]), authkey=bytes.fromhex(told["authkey"])
                )
                without_delay(self._line)
            self._line.send_bytes(pack_question(question))
            return unpack_answer(self._line.recv_bytes())
        self._hang_up()
        return None

    def _check_owner_is_of_this_ledger(self) -> None:
        """Whoever has the file may have been started with another store than ours."""
        self._is_checked = True
        ours = fingerprint_at(self._feed, 1)
        question = Question(FIRST_ROW, None, 0, PATIENCE_SECONDS, 1, TIMEOUT_SECONDS)
        answer = self._answer_of_owner(question)
        if ours is None or answer is None:
            return
        for row in answer.table.to_pylist():
            if fingerprint_from(row["command_id"], row["recorded_at"]) != ours:
                path = self._folder.projections
                raise other_ledger(path, "the process that keeps them follows another store")

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def ask(
    folder: LedgerFolder | Path,
    sql: str,
    parameters: Parameters | None = None,
    rows_limit: int = ROWS_LIMIT,
    timeout_seconds: float = TIMEOUT_SECONDS,
    progress: Progress | None = None,
) -> Answer:
    """Ask once; see `Reader.ask`."""
    with Reader(folder, progress) as reader:
        return reader.ask(sql, parameters, rows_limit, timeout_seconds)


__all__ += ["LedgerMissing"]
