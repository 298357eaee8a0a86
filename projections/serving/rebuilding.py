"""A rebuild, by this process where nobody has the tables, and otherwise by the one that has them.

Over its socket go the wish, then each step, tables of what differs, and at the end what came of it;
and, where everything is to be read again, batches of it, as the process that has the tables asks.
Whoever hangs up before the swap ends the rebuild, and the tables stay as they were.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from projections.anew import Source
from projections.comparing import Changed
from projections.errors import ProjectionError
from projections.filling import Computed
from projections.rebuild import Estimate, Rebuild, Rebuilt, Step, Told, tell_nobody
from projections.serving.line import called_owner
from projections.serving.protocol import pack_table, raise_error, unpack_table
from projections.serving.sources import ASKED, Answering, LineComputed, LineSource

WISH: Final = "rebuild"
STEP: Final = "step"
DIFFERENCES: Final = "differences"
REBUILT: Final = "rebuilt"
ESTIMATE: Final = "estimate"
TakeDifferences = Callable[[pa.Table], None]


class Rebuildable(Protocol):
    """Who has the tables."""

    def rebuilding(self, told: Told) -> AbstractContextManager[Rebuild]: ...
    def bring_up(self, *, sets_aside_unreadable: bool = False) -> object: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a rebuild."""

    keeps: bool = False
    """Whether the tables before are kept to go back to."""
    goes_back: bool = False
    """Whether nothing is computed, and the tables that were kept are shown again."""
    differences: int | None = None
    """How many of what differs are told; None is all."""
    source: str | None = None
    """What everything is read from again, such as 'event store'; None is nothing."""
    sets_aside: bool = False
    """Whether what cannot be read becomes a dead letter."""
    takes_computed: bool = False
    """Whether the tables by call were computed by workers, and are taken as they are."""


class OwnerEnded(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The process that has the tables ended, or never was."""

    def __init__(self) -> None:
        super().__init__(
            "The process that has the tables ended meanwhile: they are as before, or as rebuilt."
            " Start it, or rebuild without it."
        )


def perform(
    owner: Rebuildable,
    wish: Wish,
    told: Told,
    take: TakeDifferences,
    source: Source | None = None,
    computed: Computed | None = None,
) -> Rebuilt:
    """Rebuild an owner's tables, of a source or of what was computed. Raises `ProjectionError`."""
    if not wish.goes_back:
        owner.bring_up(sets_aside_unreadable=wish.sets_aside)
    with owner.rebuilding(told) as rebuild:
        if wish.goes_back:
            rebuilt = rebuild.back()
        else:
            rebuilt = rebuild.run(wish.keeps, source, wish.sets_aside, computed)
        for table in rebuild.differences(wish.differences):
            take(table)
        return rebuilt


def have_performed(
    folder: Path,
    wish: Wish,
    told: Told,
    take: TakeDifferences,
    source: Source | None = None,
    computed: Computed | None = None,
) -> Rebuilt:
    """Have the process that has the tables rebuild them. Raises `ProjectionError`."""
    answering = Answering(source, computed)
    return unpack_rebuilt(have_done(folder, asdict(wish), told, take, answering)[REBUILT])


def have_estimated(folder: Path, source: Source | None = None) -> Estimate:
    """Ask the process that has the tables how long it would take. Raises `ProjectionError`."""
    wish = {ESTIMATE: None if source is None else source.name}
    answering = Answering(source, None)
    return Estimate(**have_done(folder, wish, tell_nobody, lambda _: None, answering)[ESTIMATE])


def have_done(
    folder: Path, wish: dict[str, Any], told: Told, take: TakeDifferences, answering: Answering
) -> dict[str, Any]:
    """What the process that has the tables says at the end. Raises `ProjectionError`."""
    try:
        with called_owner(folder) as line:
            line.send_bytes(pack_table(pa.table({}), {WISH: wish}))
            while True:
                table, facts = unpack_table(line.recv_bytes())
                raise_error(facts)
                if STEP in facts:
                    step, done, total = facts[STEP]
                    told(Step(step), done, total)
                elif ASKED in facts:
                    line.send_bytes(answering.answer(facts[ASKED]))
                elif DIFFERENCES in facts:
                    take(table)
                else:
                    return facts
    except (OSError, EOFError, AuthenticationError):
        raise OwnerEnded from None


def serve_rebuild(
    owner: Rebuildable, line: Connection[Any, Any], message: bytes, stopping: threading.Event
) -> None:
    """Rebuild for who is on the line, or estimate it. Raises `OSError` once they have hung up."""
    _, facts = unpack_table(message)
    if ESTIMATE in facts[WISH]:
        name = facts[WISH][ESTIMATE]
        with owner.rebuilding(tell_nobody) as rebuild:
            estimate = rebuild.estimate(None if name is None else LineSource(line, name))
            line.send_bytes(pack_table(pa.table({}), {ESTIMATE: asdict(estimate)}))
        return
    wish = Wish(**facts[WISH])

    def told(step: Step, done: int, total: int) -> None:
        if stopping.is_set():
            raise OwnerEnded
        line.send_bytes(pack_table(pa.table({}), {STEP: [step, done, total]}))

    def take(table: pa.Table) -> None:
        line.send_bytes(pack_table(table, {DIFFERENCES: True}))

    source = None if wish.source is None else LineSource(line, wish.source)
    computed = LineComputed(line) if wish.takes_computed else None
    rebuilt = perform(owner, wish, told, take, source, computed)
    line.send_bytes(pack_table(pa.table({}), {REBUILT: asdict(rebuilt)}))


def is_wish(message: bytes) -> bool:
    """Whether a message is about a rebuild, and no question."""
    _, facts = unpack_table(message)
    return WISH in facts


def unpack_rebuilt(facts: dict[str, Any]) -> Rebuilt:
    """What came of a rebuild, as it went over the line."""
    changed = [Changed(*one) for one in facts.pop("changed")]
    return Rebuilt(changed=changed, **facts)
