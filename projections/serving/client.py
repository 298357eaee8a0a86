"""How everybody reads the ledger: ask, and be answered, whoever else is at work.

Whoever asks first has the DuckDB file, brings it up to the store and answers itself; the others
ask that process. One that dies is replaced by the next who asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from infra.errors import LedgerMissing
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.identity import first_fingerprint_in
from ledger.store.interface import Ends
from projections.as_of import AsOf
from projections.catch_up import Progress
from projections.errors import FileDamaged, ProjectionError, StillFilling
from projections.feeds import NothingToFollow, feed_of
from projections.serving.duckdb_file import FileInUse
from projections.serving.isolated import ANSWER, TablesMoved, Task, answer_isolated
from projections.serving.line import called_owner
from projections.serving.protocol import (
    ANY,
    Answer,
    Question,
    pack_question,
    unpack_answer,
    unpack_snapshot,
)
from projections.serving.read_side import Recorded
from projections.serving.sandbox import (
    STATEMENT_LENGTH_LIMIT,
    USUAL,
    Bounds,
    Parameters,
    QueryRefused,
    too_many_characters,
)
from projections.serving.server import Busy
from projections.serving.shared_owner import SharedOwner
from projections.serving.snapshot import Snapshot
from projections.serving.snapshot_file import check_place, publish, told_by

PATIENCE_SECONDS: Final = 10.0
"""How long an asker waits for its own position before it takes an answer from before."""

LITTLE_BEHIND_EVENTS: Final = 100
"""So many are shown in a moment, and are waited for also where older tables would do."""

DEADLINE_SECONDS: Final = 120.0
IN_USE_SECONDS: Final = 1.0
"""How long an asker waits for a foreign program that has the file."""

RETRY_SECONDS: Final = 0.02
CALLS_OF_ID: Final = (
    "select source, call_position from calls where call_id = $call_id order by source"
)
GIVEN_BACK: Final = b"given back"

FromLent = Callable[[Snapshot, Question], Answer]
"""How an answer is made from tables that are lent."""

__all__ = ["Answer", "LedgerMissing", "Reader", "ask", "query"]


class Reader:
    """Asks as often as needed; has the file, or a line to the process that has it."""

    def __init__(
        self,
        folder: LedgerFolder | Path,
        progress: Progress | None = None,
        as_it_is: bool = False,
        in_use_seconds: float = IN_USE_SECONDS,
        owner: SharedOwner | None = None,
    ) -> None:
        """Raises `LedgerMissing` when there is no ledger in the folder.

        `as_it_is` leaves the tables where they are, instead of bringing them up to the store.
        `owner` is what has them where several ask in one process.
        """
        self._folder = LedgerFolder.of(folder)
        self._progress = progress
        self._owned = ExitStack()
        self._owner = owner or SharedOwner(self._folder.path, self._open_feed)
        if owner is None:
            self._owned.callback(self._owner.close)
        self._line: Connection[Any, Any] | None = None
        self._in_use_seconds = in_use_seconds
        self._as_it_is = as_it_is
        self._first_event: int | None = None
        self._feed = self._open_feed()
        self._head: Ends | None = None
        """What questions show at least, where several are of one request."""
        self._needed_position: int | None = None
        self._brought_up_to: Ends | None = None

    @property
    def ledger(self) -> str | None:
        """The name of the ledger that is read, where there are several."""
        return self._folder.name

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_feed(self) -> StoreFeed | NothingToFollow:
        return NothingToFollow() if self._as_it_is else feed_of(self._folder)

    def close(self) -> None:
        """Let go of the file or the line."""
        self._feed.close()
        self._owned.close()
        self._hang_up()

    @contextmanager
    def for_one_request(self, needed_position: int | None = None) -> Iterator[None]:
        """Until this ends, questions show what was recorded when it began, and not all since.

        With a needed position, which may be 0, tables that show it and are further behind than
        `LITTLE_BEHIND_EVENTS` are asked as they are; whoever uses it sees to it that they follow.
        """
        self._head, self._needed_position = self._feed.head(), needed_position
        try:
            yield
        finally:
            self._head = self._needed_position = None

    def bring_up(self) -> None:
        """Bring the tables up to the store, unless they were since it last changed.

        Raises as `ask` does.
        """
        head = self._feed.head()
        # Whoever has the tables may follow something that is behind the store, or nothing.
        if head != self._brought_up_to and self.ask("select 1").position >= head.position:
            self._brought_up_to = head

    @property
    def facts(self) -> dict[str, str]:
        """The name of the ledger that is read; nothing where there is one alone."""
        return self._folder.facts

    def ask(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
        only_call: int | None = None,
    ) -> Answer:
        """Answer a statement of the ledger's own, with the position that it is true at.

        As of a moment, it is asked of the tables as they were then, which have nothing but
        `only_call` where it asks about one. Otherwise it shows all that
        was recorded before the question, or, where the read side is busy for longer than 10
        seconds, an earlier position. Raises `QueryRefused`, `QueryFailed`, and
        `ProjectionError` when nobody answers within two minutes.
        """
        question = self._question(sql, parameters, bounds, as_of, is_isolated=False)
        return self._answer(replace(question, only_call=only_call))

    def calls_of_id(self, call_id: str) -> list[tuple[str, int]]:
        """Source and call position of each call of this id, in the order of sources.

        A store looks it up in its key, and tables alone have none: they read all their calls.
        """
        if isinstance(self._feed, StoreFeed):
            return self._feed.calls_of_id(call_id)
        rows = self.ask(CALLS_OF_ID, {"call_id": call_id}).table.to_pylist()
        return [(row["source"], row["call_position"]) for row in rows]

    def recorded(self, call_position: int) -> Recorded | None:
        """All that the store has of a call; nothing where there are tables alone."""
        if not isinstance(self._feed, StoreFeed):
            return None
        position = self._feed.head().position
        return Recorded(position, self._feed.events_of_call(call_position, position))

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
        task: Task | None = None,
    ) -> Answer:
        """Answer a statement that anybody has written, as `ask` does one of the ledger's own.

        It is computed in a process of its own, from a snapshot of the tables, within bounds of
        rows, bytes, memory and time, so that it is nobody else's matter how it ends. `task` is what
        that process may read, and makes of the rows; else it answers with them.
        """
        if len(sql) > STATEMENT_LENGTH_LIMIT:
            raise QueryRefused(too_many_characters(sql))
        question = self._question(sql, parameters, bounds, as_of, is_isolated=True)
        return self._answer(question, partial(answer_isolated, task=task or ANSWER))

    def publish(self, path: Path, with_personal: bool) -> Answer:
        """Make a snapshot file, and answer with the one row of its table `snapshot`.

        Whoever has the tables lends them meanwhile, and goes on taking in what comes. Raises
        `WrongPlace`, `NoSnapshot`, and `TablesMoved` when they change too fast for two minutes.
        """
        check_place(path, self._folder.path)

        def published(snapshot: Snapshot, _: Question) -> Answer:
            publish(snapshot, path, with_personal)
            return told_by(path)

        question = self._question("select 1", None, USUAL, None, is_isolated=True)
        return self._answer(question, published)

    def lend(self, made: FromLent) -> Answer:
        """What is made of the tables while they are lent, brought up to the store before.

        Raises as `ask` does.
        """
        return self._answer(self._question("select 1", None, USUAL, None, is_isolated=True), made)

    def _question(
        self,
        sql: str,
        parameters: Parameters | None,
        bounds: Bounds,
        as_of: AsOf | None,
        is_isolated: bool,
    ) -> Question:
        head = self._head or self._feed.head()
        if self._first_event is None:
            self._first_event = first_fingerprint_in(self._feed)
        return Question(
            sql,
            parameters,
            head.position,
            head.refusal_number,
            PATIENCE_SECONDS,
            bounds,
            is_isolated,
            as_of,
            first_event=self._first_event,
            needed_position=self._needed_position or 0,
            waits_for_events=ANY if self._needed_position is None else LITTLE_BEHIND_EVENTS,
        )

    def _answer(self, question: Question, from_lent: FromLent = answer_isolated) -> Answer:
        wait_seconds = DEADLINE_SECONDS + question.bounds.seconds
        deadline = time.monotonic() + wait_seconds
        reason = ProjectionError(
            f"Nobody answers for {self._folder} in {wait_seconds:g} seconds: "
            "see with `call-ledger doctor` who has the read side."
        )
        while time.monotonic() < deadline:
            try:
                answer = self._answer_oneself(question, from_lent) or self._answer_of_owner(
                    question, from_lent
                )
            except FileInUse as in_use:
                # It may be closed in a moment, as by one who only looks at it.
                deadline = min(deadline, time.monotonic() + self._in_use_seconds)
                answer, reason = None, in_use
            except (StillFilling, FileDamaged, TablesMoved) as passing:
                answer, reason = None, passing
            if answer is not None:
                return answer
            time.sleep(RETRY_SECONDS)
        raise reason

    def _answer_oneself(self, question: Question, from_lent: FromLent) -> Answer | None:
        """The answer of this process; nothing while another one has the tables."""
        with ExitStack() as asking:
            try:
                owner = asking.enter_context(self._owner.lent())
            except Busy:
                return None
            self._hang_up()
            owner.bring_up_for(question, self._progress)
            if not question.is_isolated:
                return owner.answer(question)
            with owner.lending(question) as snapshot:
                answer = from_lent(snapshot, question)
            return replace(answer, note=owner.note)

    def _answer_of_owner(self, question: Question, from_lent: FromLent) -> Answer | None:
        """The answer of the process that has the tables; nothing when there is none any more."""
        try:
            line = self._line or self._called_owner()
            line.send_bytes(pack_question(question))
            if not question.is_isolated:
                return unpack_answer(line.recv_bytes())
            snapshot, note = unpack_snapshot(line.recv_bytes())
            try:
                return replace(from_lent(snapshot, question), note=note)
            finally:
                line.send_bytes(GIVEN_BACK)
        except (OSError, EOFError, AuthenticationError):
            self._hang_up()
            return None

    def _called_owner(self) -> Connection[Any, Any]:
        """A line to the process that has the tables. Raises `OSError` where there is none."""
        self._line = called_owner(self._folder.path)
        return self._line

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def ask(
    folder: LedgerFolder | Path,
    sql: str,
    parameters: Parameters | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Ask once; see `Reader.ask`."""
    with Reader(folder, progress) as reader:
        return reader.ask(sql, parameters)


def query(
    folder: LedgerFolder | Path,
    sql: str,
    parameters: Parameters | None = None,
    bounds: Bounds = USUAL,
    progress: Progress | None = None,
) -> Answer:
    """Ask once; see `Reader.query`."""
    with Reader(folder, progress) as reader:
        return reader.query(sql, parameters, bounds)
