"""Several ledgers read as one: each lends its tables as they are, and a process unites them.

What a report counts is found in each ledger's own tables, as that ledger alone finds it. Only these
facts are united, so no call of one is ever joined with a call of another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from tempfile import TemporaryDirectory

from infra.errors import LedgerError, LedgerMissing
from infra.folder import LedgerFolder
from projections.as_of import AsOf
from projections.catch_up import Progress
from projections.errors import ProjectionError
from projections.serving.client import Reader
from projections.serving.isolated import Task, answered
from projections.serving.protocol import Answer, Question, raise_error, unpack_table
from projections.serving.sandbox import USUAL, Bounds, Parameters, QueryFailed, QueryRefused
from projections.serving.snapshot import Snapshot

UNITING = Task("projections.serving.united_process")
ATTEMPTS = 3
"""How often the tables are lent anew when one was changed meanwhile, which is rare."""


class SomeMoved(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The tables of a ledger were changed while they were lent."""


@dataclass(frozen=True, slots=True)
class UnitedAnswer(Answer):
    """The rows over several ledgers, and the position at which each of them was read."""

    positions: Mapping[str, int] = field(default_factory=dict)


class UnitedReader:
    """Reads several ledgers; each is brought up to its store, or answered for by who has it."""

    def __init__(
        self, places: Mapping[str, LedgerFolder], progress: Progress | None = None
    ) -> None:
        """A ledger that has not begun yet has nothing to read, and is at position 0.

        Raises `ProjectionError` with the name of a ledger that cannot be read, and `LedgerMissing`
        where none has begun.
        """
        self.readers: dict[str, Reader] = {}
        """Those that have begun."""
        self._names = [*places]
        with ExitStack() as opening:
            for name, place in places.items():
                with named(name), suppress(LedgerMissing):
                    self.readers[name] = opening.enter_context(Reader(place, progress))
            if not self.readers:
                raise LedgerMissing(
                    f"None of the ledgers {', '.join(places)} has begun: record a call in one, or"
                    " see with `call-ledger ledgers` where each is."
                )
            self._open = opening.pop_all()

    def __enter__(self) -> UnitedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def ask(
        self,
        facts: str,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        moments: Mapping[str, AsOf] | None = None,
    ) -> UnitedAnswer:
        """Answer a statement over `united_facts`: those of every ledger, with its name.

        With `moments` each ledger's are as they were at the moment that it has there.

        Raises as `Reader.ask` does, and `ProjectionError` with the name of a ledger that cannot be
        read.
        """
        question = Question(sql, parameters, bounds=bounds)
        for _ in range(ATTEMPTS):
            try:
                answer = self._lent([*self.readers.items()], facts, question, (), moments)
            except SomeMoved:
                continue
            assert isinstance(answer, UnitedAnswer)
            found = answer.positions
            if moments is not None:
                found = {name: one.position for name, one in moments.items()}
            return replace(answer, positions={name: found.get(name, 0) for name in self._names})
        raise ProjectionError(
            "The tables of a ledger changed too fast for the report: ask for a shorter period, or"
            " again when less is being taken in."
        )

    def _lent(
        self,
        left: Sequence[tuple[str, Reader]],
        facts: str,
        question: Question,
        lent: tuple[Snapshot, ...],
        moments: Mapping[str, AsOf] | None,
    ) -> Answer:
        """Have all lent, one within the other, and answer."""
        if not left:
            return answer_united([*self.readers], lent, facts, question, moments)
        (name, reader), *others = left
        with named(name):
            return reader.lend(
                lambda snapshot, _: self._lent(others, facts, question, (*lent, snapshot), moments)
            )


class Unreadable(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """One of the ledgers cannot be read, so nothing can be said of all."""

    def __init__(self, ledger: str, why: LedgerError) -> None:
        super().__init__(f"Ledger {ledger} cannot be read: {why}")
        self.ledger = ledger


@contextmanager
def named(ledger: str) -> Iterator[None]:
    """Say in an error which ledger it is of."""
    try:
        yield
    except (QueryRefused, QueryFailed, SomeMoved, Unreadable):
        raise
    except LedgerError as error:
        raise Unreadable(ledger, error) from None


def answer_united(
    names: Sequence[str],
    snapshots: Sequence[Snapshot],
    facts: str,
    question: Question,
    moments: Mapping[str, AsOf] | None,
) -> UnitedAnswer:
    """Answer from the snapshots, in a process of its own. Raises `SomeMoved`, and its errors."""
    ledgers = [
        {"name": name, "snapshot": asdict(one), "as_of": moments and moments[name].as_json()}
        for name, one in zip(names, snapshots, strict=True)
    ]
    with TemporaryDirectory(prefix="call-ledger-") as spill:
        given = json.dumps({"ledgers": ledgers, "facts": facts, "spill": spill})
        message = answered(UNITING, given, question)
    if not message:
        raise SomeMoved
    table, told = unpack_table(message)
    raise_error(told)
    return UnitedAnswer(table, sum(told["positions"].values()), positions=told["positions"])
