"""The ledger in parts by call, each judged in a process; the answer is in the order of calls."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple

from domain.rule_sets import RuleSet
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.replay.asked import KEPT, certainly_asked, event_of
from ledger.replay.judging import Difference, JudgedCall, commands_in
from ledger.store.interface import StoreReader
from ledger.store.opening import store_to_read

PART_EVENTS: Final = 20_000
"""Calls that begin within so many positions are one part: some tens of MiB at a time."""

IDS_ASKED: Final = 500
"""Command ids in one query."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is replayed."""

    rules: RuleSet
    against: RuleSet | None = None
    """None is what was recorded."""
    since: str = ""
    """Recorded at this time or later, as the documents write times."""
    until: str = "~"
    """Recorded before this time."""
    call: tuple[str | None, str] | None = None
    """Only this call: its source, where it is named, and its id."""
    at_most: int = 1_000
    """So many differences are kept; all are counted."""


Group = tuple[str, str, str, str, str, str, str]
"""State, change, before, after, role, phase and action."""


@dataclass(slots=True)
class Answer:
    """What came of it."""

    judged: int = 0
    differing: int = 0
    observed: int = 0
    not_rebuilt: int = 0
    """Commands that cannot be told from their events, and are taken as they were."""
    calls_differing: int = 0
    recorded_by: Counter[str] = field(default_factory=Counter)
    """Commands judged, by name and hash of the rule set that recorded them."""
    groups: Counter[Group] = field(default_factory=Counter)
    calls: Counter[Group] = field(default_factory=Counter)
    """How many calls are behind a group."""
    differences: list[Difference] = field(default_factory=list)

    def add(self, part: Answer, at_most: int) -> None:
        """Take the answer of the next part."""
        self.judged += part.judged
        self.differing += part.differing
        self.observed += part.observed
        self.not_rebuilt += part.not_rebuilt
        self.calls_differing += part.calls_differing
        self.recorded_by.update(part.recorded_by)
        self.groups.update(part.groups)
        self.calls.update(part.calls)
        self.differences += part.differences[: at_most - len(self.differences)]


class Part(NamedTuple):
    """Calls whose first event is within these positions; without a first, calls without events."""

    folder: LedgerFolder
    refusals: Path
    question: Question
    first: int | None
    last: int
    head: int


def replayed(
    folder: LedgerFolder, question: Question, processes: int
) -> Iterator[tuple[int, int, Answer]]:
    """Judge the whole ledger: how far it is, of how far, and the answer so far."""
    with StoreFeed(folder) as feed:
        head = feed.head()
    answer = Answer()
    with tempfile.TemporaryDirectory(prefix="call-ledger-replay-") as scratch:
        refusals = Path(scratch) / "refusals.sqlite"
        sort_refusals(folder, refusals, head.refusal_number)
        bounds = range(1, head.position + 1, PART_EVENTS)
        parts = [
            *(
                Part(folder, refusals, question, one, one + PART_EVENTS - 1, head.position)
                for one in bounds
            ),
            Part(folder, refusals, question, None, 0, head.position),
        ]
        with judging(min(processes, len(bounds))) as judge_all:
            for number, part in enumerate(judge_all(parts), start=1):
                answer.add(part, question.at_most)
                yield min(number * PART_EVENTS, head.position), head.position, answer


@contextmanager
def judging(processes: int) -> Iterator[Callable[[Iterable[Part]], Iterator[Answer]]]:
    """What judges parts in order, in so many processes; one alone is this process."""
    if processes < 2:
        yield lambda parts: map(judged_part, parts)
        return
    # A process that begins afresh inherits no thread and no connection.
    with get_context("spawn").Pool(processes) as pool:
        yield lambda parts: pool.imap(judged_part, parts)


def sort_refusals(folder: LedgerFolder, path: Path, last: int) -> None:
    """Keep the refusals aside by call: the store has them in the order of their numbers."""
    with StoreFeed(folder) as feed, closing(sqlite3.connect(path)) as sorted_file:
        sorted_file.execute(
            "CREATE TABLE refusals (source TEXT, call_id TEXT, number INTEGER, document BLOB)"
        )
        for batch in feed.refusals(0, 10_000):
            rows = []
            for number, document in zip(batch.numbers, batch.documents, strict=True):
                if number <= last:
                    kept = KEPT.decode(document)
                    rows.append((kept.source, kept.subject, number, bytes(document)))
            sorted_file.executemany("INSERT INTO refusals VALUES (?, ?, ?, ?)", rows)
        sorted_file.execute("CREATE INDEX by_call ON refusals (source, call_id, number)")
        sorted_file.commit()


def judged_part(part: Part) -> Answer:
    """Judge the calls of one part, in the order of their first events."""
    answer = Answer()
    with (
        closing(store_to_read(part.folder)) as store,
        closing(sqlite3.connect(part.refusals)) as refusals,
    ):
        if part.first is None:
            judge_calls_without_events(part, store, refusals, answer)
            return answer
        rows = store.rows(
            "SELECT call, position, version, document FROM events"
            " WHERE call >= ? AND call <= ? AND position <= ? ORDER BY call, version",
            part.first,
            part.last,
            part.head,
        )
        fingerprints = fingerprints_of(store, [bytes(row[3]) for row in rows])
        for call_position, events in groupby(rows, itemgetter(0)):
            of_call = [
                (position, version, bytes(document)) for _, position, version, document in events
            ]
            kept = KEPT.decode(of_call[0][2])
            refused = refusals_of(refusals, kept.source, kept.subject)
            judge_call(part.question, call_position, of_call, refused, fingerprints, answer)
    return answer


def refusals_of(refusals: sqlite3.Connection, source: str, call_id: str) -> list[tuple[int, bytes]]:
    """Number and document of the call's refusals, in order."""
    return refusals.execute(
        "SELECT number, document FROM refusals WHERE source = ? AND call_id = ? ORDER BY number",
        (source, call_id),
    ).fetchall()


def judge_calls_without_events(
    part: Part, store: StoreReader, refusals: sqlite3.Connection, answer: Answer
) -> None:
    """Judge the calls of which there is nothing but refusals."""
    for source, call_id in refusals.execute(
        "SELECT source, call_id FROM refusals GROUP BY source, call_id ORDER BY min(number)"
    ).fetchall():
        known = store.rows(
            "SELECT call FROM calls WHERE source = ? AND call_id = ? AND call <= ?",
            source,
            call_id,
            part.head,
        )
        if not known:
            refused = refusals_of(refusals, source, call_id)
            judge_call(part.question, None, [], refused, {}, answer)


def fingerprints_of(store: StoreReader, documents: Sequence[bytes]) -> dict[bytes, int | None]:
    """The fingerprints of the commands that their first event does not tell."""
    wanted, last = [], None
    for document in documents:
        kept = KEPT.decode(document)
        if kept.commandid != last and certainly_asked(event_of(kept)) is None:
            wanted.append(kept.commandid.bytes)
        last = kept.commandid
    found: dict[bytes, int | None] = {}
    for at in range(0, len(wanted), IDS_ASKED):
        some = wanted[at : at + IDS_ASKED]
        marks = ", ".join("?" * len(some))
        rows = store.rows(
            f"SELECT command_id, fingerprint FROM outcomes WHERE command_id IN ({marks})", *some
        )
        found.update((bytes(command_id), fingerprint) for command_id, fingerprint in rows)
    return found


def judge_call(
    question: Question,
    call_position: int | None,
    rows: Sequence[tuple[int, int, bytes]],
    refusals: Sequence[tuple[int, bytes]],
    fingerprints: dict[bytes, int | None],
    answer: Answer,
) -> None:
    """Judge one call and add what came of it."""
    if question.call is not None:
        first = KEPT.decode(rows[0][2] if rows else refusals[0][1])
        source, call_id = question.call
        if first.subject != call_id or source not in (None, first.source):
            return
    call = JudgedCall(question.rules, question.against)
    for taken, before in commands_in(rows, refusals, fingerprints):
        if taken is None:
            answer.not_rebuilt += 1
        elif question.since <= taken.kept.recordedat < question.until:
            call.take(taken, before, call_position)
            answer.recorded_by[f"{taken.kept.ruleset} {taken.kept.rulesethash}"] += 1
    answer.judged += call.judged
    answer.differing += call.differing
    answer.observed += call.observed
    groups = Counter(one[:7] for one in call.differences)
    answer.groups.update(groups)
    answer.calls.update(groups.keys())
    answer.calls_differing += bool(groups)
    if len(answer.differences) < question.at_most:
        answer.differences += call.differences[: question.at_most - len(answer.differences)]
