"""What the one process that has the DuckDB file does with it: brings it up, answers, rebuilds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from ledger.feed import Feed
from projections.batches import Positions
from projections.building import upgrade
from projections.catch_up import Progress, catch_up
from projections.database import Projections
from projections.errors import FileDamaged, ProjectionError, StillFilling
from projections.identity import check_tables_are_of, first_fingerprint, other_ledger
from projections.rebuild import Rebuild, Told
from projections.serving.checked_statements import CheckedStatements
from projections.serving.damage import damaged, is_damage
from projections.serving.duckdb_file import set_aside
from projections.serving.kept_moments import KeptMoments
from projections.serving.protocol import Answer, Question
from projections.serving.sandbox import read_at_once
from projections.serving.snapshot import Snapshot


class RebuildUnderWay(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """Somebody else rebuilds the tables."""

    def __init__(self) -> None:
        super().__init__("The tables are being rebuilt already: ask again when that is done.")


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
        self._rebuilding = threading.Lock()
        self._outdated = projections.outdated()
        self._is_checked = False
        self._first_event: int | None = None
        self._shown = Shown()
        self._statements = CheckedStatements()
        self._moments = KeptMoments(projections.connection, projections.path.stem)
        self._damage: FileDamaged | None = None
        self._is_filling = open_feed is not None and projections.positions.projected_position == 0

    def bring_up(
        self, progress: Progress | None = None, sets_aside_unreadable: bool = False
    ) -> Positions:
        """Bring the file up to where the feed is now; one thread at a time does it.

        Raises what `catch_up` does.
        """
        with self.writing(progress):
            if self._open_feed is None:
                return self.projections.positions
            feed = self._open_feed()
            try:
                if not self._is_checked:
                    check_tables_are_of(feed, self.projections)
                    self._is_checked = True
                positions = catch_up(self.projections, feed, progress, sets_aside_unreadable)
                self._is_filling = False
                return positions
            finally:
                close = getattr(feed, "close", None)
                if close is not None:
                    close()

    def bring_up_for(self, question: Question, progress: Progress | None = None) -> None:
        """Bring the file up where it does not show all that was recorded before the question.

        Where another thread does it for longer than the question's patience, it is left to that.
        Raises what `bring_up` does.
        """
        cursor = self.projections.connection.cursor()
        try:
            with self._noticing_damage():
                if self._is_enough_for(question, cursor):
                    return
                if self._writing.acquire(timeout=question.patience_seconds):
                    try:
                        if not self._is_enough_for(question, cursor):
                            self.bring_up(progress)
                    finally:
                        self._writing.release()
        finally:
            cursor.close()

    def _is_enough_for(self, question: Question, cursor: duckdb.DuckDBPyConnection) -> bool:
        return self._is_checked and not self._outdated and not self._is_behind(question, cursor)

    @contextmanager
    def writing(self, progress: Progress | None = None) -> Iterator[Projections]:
        """Be the only thread that writes the file. Raises `FileDamaged`.

        Models that a version before made otherwise are computed anew first.
        """
        with self._writing, self._noticing_damage():
            if self._outdated:
                self._upgrade(progress)
            yield self.projections

    def _upgrade(self, progress: Progress | None) -> None:
        began, positions = time.monotonic(), self.projections.positions
        upgrade(self.projections, lambda _step, done, all_: progress and progress(done, all_))
        note = (
            f"{', '.join(self._outdated)}: other in this version, computed anew from"
            f" {positions.position:,} events in {time.monotonic() - began:.1f} s. All other tables"
            " stayed as they were."
        )
        self.note = f"{self.note} {note}".strip()
        self._outdated = []

    @contextmanager
    def rebuilding(self, told: Told) -> Iterator[Rebuild]:
        """Rebuild tables beside the current ones, while others ask and write.

        Raises `RebuildUnderWay`, and `FileDamaged`.
        """
        if not self._rebuilding.acquire(blocking=False):
            raise RebuildUnderWay
        try:
            with self._noticing_damage(), Rebuild(self.projections, self._alone, told) as rebuild:
                yield rebuild
        finally:
            self._moments.forget()
            self._rebuilding.release()

    def close(self) -> None:
        """Close the connections that are kept for questions to come."""
        self._moments.forget()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._writing:
            yield

    @contextmanager
    def _noticing_damage(self) -> Iterator[None]:
        """Set the file aside when it turns out to be damaged: whoever has it next makes it anew."""
        if self._damage is not None:
            raise self._damage
        try:
            yield
        except duckdb.Error as error:
            if not is_damage(error):
                raise
            path = self.projections.path
            self._damage = self._damage or damaged(path, set_aside(path))
            raise self._damage from None

    def answer(self, question: Question) -> Answer:
        """Answer from the tables as they are, brought up to the position asked for if possible.

        While another thread is writing, it waits for it only so long, and then answers from
        before; the answer says its position. Raises `StillFilling` while a new file has nothing
        to answer from.
        """
        cursor = self.projections.connection.cursor()
        try:
            with self._noticing_damage():
                return self._answer(question, cursor)
        finally:
            cursor.close()

    def _answer(self, question: Question, cursor: duckdb.DuckDBPyConnection) -> Answer:
        self._bring_up_to(question, cursor)
        checked = self._statements.checked(question, cursor)
        if question.as_of is not None:
            table = self._moments.read(question, checked)
            return Answer(table, question.as_of.position, self.note)
        table, position = read_at_once(
            cursor, checked.statement, question.parameters, question.bounds
        )
        return Answer(table, position, self.note)

    @contextmanager
    def lending(self, question: Question) -> Iterator[Snapshot]:
        """Lend a snapshot of the tables that a question is answered from, brought up as for it.

        For as long as this lasts nothing that the snapshot refers to is written over.
        """
        cursor = self.projections.connection.cursor()
        try:
            with self._noticing_damage():
                self._bring_up_to(question, cursor)
        finally:
            cursor.close()
        with self.projections.without_checkpoints():
            yield Snapshot.of(self.projections.path, self.projections.descriptor)

    def _check_is_of_asker(self, question: Question, cursor: duckdb.DuckDBPyConnection) -> None:
        """Refuse who has another store than these tables follow. Raises `OtherLedger`.

        Where one of both has no event yet nothing can be said.
        """
        if question.first_event is None:
            return
        if self._first_event is None:
            self._first_event = first_fingerprint(cursor)
        if self._first_event not in (None, question.first_event):
            path = self.projections.path
            raise other_ledger(path, "the process that keeps them follows another store")

    def _bring_up_to(self, question: Question, cursor: duckdb.DuckDBPyConnection) -> None:
        """Bring the tables up for a question, or wait so long for another thread that does."""
        self._check_is_of_asker(question, cursor)
        if self._is_behind(question, cursor) and self._writing.acquire(
            timeout=question.patience_seconds
        ):
            try:
                # Whoever had them until now may have come as far: a round is for all who wait.
                if self._is_behind(question, cursor):
                    self.bring_up()
            finally:
                self._writing.release()
        if self._outdated:
            raise StillFilling(
                f"{', '.join(self._outdated)}: other in this version, and being computed anew:"
                " ask again in a moment."
            )
        if self._is_filling:
            taken_in = cursor.execute("select position from feed_positions").fetchall()[0][0]
            raise StillFilling(
                f"The read side is being made anew from the store, {taken_in:,} of"
                f" {question.wanted_position:,} events so far: ask again in a moment."
            )

    def _is_behind(self, question: Question, cursor: duckdb.DuckDBPyConnection) -> bool:
        """Whether the models lack something that the question is to wait for."""
        if not self._shown.lacks(question):
            return False
        ((position, refusal_number),) = cursor.execute(
            "select projected_position, projected_refusal_number from feed_positions"
        ).fetchall()
        self._shown = Shown(position, refusal_number)
        return self._shown.lacks(question)


class Shown(NamedTuple):
    """How far the models are at least: what they show they go on showing."""

    position: int = 0
    refusal_number: int = 0

    def lacks(self, question: Question) -> bool:
        """Whether something is missing that the question is to wait for."""
        missing = max(
            question.wanted_position - self.position,
            question.wanted_refusal - self.refusal_number,
        )
        is_needed = question.needed_position > self.position
        return is_needed or 0 < missing <= question.waits_for_events
