"""A rebuild, by this process where nobody has the tables, and otherwise by the one that has them.

Over its socket go the wish, then each step, tables of what differs, and at the end what came of it.
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

from projections.comparing import Changed
from projections.errors import ProjectionError
from projections.rebuild import Estimate, Rebuild, Rebuilt, Step, Told, tell_nobody
from projections.serving.line import called_owner
from projections.serving.protocol import pack_table, raise_error, unpack_table

WISH: Final = "rebuild"
STEP: Final = "step"
DIFFERENCES: Final = "differences"
REBUILT: Final = "rebuilt"
ESTIMATE: Final = "estimate"
TakeDifferences = Callable[[pa.Table], None]


class Rebuildable(Protocol):
    """Who has the tables."""

    def rebuilding(self, told: Told) -> AbstractContextManager[Rebuild]: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a rebuild."""

    keeps: bool = False
    """Whether the tables before are kept to go back to."""
    goes_back: bool = False
    """Whether nothing is computed, and the tables that were kept are shown again."""
    differences: int | None = None
    """How many of what differs are told; None is all."""


class OwnerEnded(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The process that has the tables ended, or never was."""

    def __init__(self) -> None:
        super().__init__(
            "The process that has the tables ended meanwhile: they are as before, or as rebuilt."
            " Start it, or rebuild without it."
        )


def perform(owner: Rebuildable, wish: Wish, told: Told, take: TakeDifferences) -> Rebuilt:
    """Rebuild the tables of an owner. Raises `ProjectionError`."""
    with owner.rebuilding(told) as rebuild:
        rebuilt = rebuild.back() if wish.goes_back else rebuild.run(wish.keeps)
        for table in rebuild.differences(wish.differences):
            take(table)
        return rebuilt


def have_performed(folder: Path, wish: Wish, told: Told, take: TakeDifferences) -> Rebuilt:
    """Have the process that has the tables rebuild them. Raises `ProjectionError`."""
    try:
        with called_owner(folder) as line:
            line.send_bytes(pack_table(pa.table({}), {WISH: asdict(wish)}))
            while True:
                table, facts = unpack_table(line.recv_bytes())
                raise_error(facts)
                if STEP in facts:
                    step, done, total = facts[STEP]
                    told(Step(step), done, total)
                elif REBUILT in facts:
                    return unpack_rebuilt(facts[REBUILT])
                else:
                    take(table)
    except (OSError, EOFError, AuthenticationError):
        raise OwnerEnded from None


def have_estimated(folder: Path) -> Estimate:
    """Ask the process that has the tables how long it would take. Raises `ProjectionError`."""
    try:
        with called_owner(folder) as line:
            line.send_bytes(pack_table(pa.table({}), {WISH: None}))
            _, facts = unpack_table(line.recv_bytes())
            raise_error(facts)
            return Estimate(**facts[ESTIMATE])
    except (OSError, EOFError, AuthenticationError):
        raise OwnerEnded from None


def serve_rebuild(
    owner: Rebuildable, line: Connection[Any, Any], message: bytes, stopping: threading.Event
) -> None:
    """Rebuild for who is on the line, or estimate it. Raises `OSError` once they have hung up."""
    _, facts = unpack_table(message)
    if facts[WISH] is None:
        with owner.rebuilding(tell_nobody) as rebuild:
            line.send_bytes(pack_table(pa.table({}), {ESTIMATE: asdict(rebuild.estimate())}))
        return
    wish = Wish(**facts[WISH])

    def told(step: Step, done: int, total: int) -> None:
        if stopping.is_set():
            raise OwnerEnded
        line.send_bytes(pack_table(pa.table({}), {STEP: [step, done, total]}))

    def take(table: pa.Table) -> None:
        line.send_bytes(pack_table(table, {DIFFERENCES: True}))

    rebuilt = perform(owner, wish, told, take)
    line.send_bytes(pack_table(pa.table({}), {REBUILT: asdict(rebuilt)}))


def is_wish(message: bytes) -> bool:
    """Whether a message is about a rebuild, and no question."""
    _, facts = unpack_table(message)
    return WISH in facts


def unpack_rebuilt(facts: dict[str, Any]) -> Rebuilt:
    """What came of a rebuild, as it went over the line."""
    changed = [Changed(*one) for one in facts.pop("changed")]
    return Rebuilt(changed=changed, **facts)
