"""Tables that can be asked, wherever they are: a folder's, or those of several shards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from ledger.feed import EventBatch
from projections.as_of import AsOf
from projections.serving.isolated import Task
from projections.serving.protocol import Answer
from projections.serving.sandbox import USUAL, Bounds, Parameters


class Recorded(NamedTuple):
    """A call's events as the store has them."""

    position: int
    """How far the store is: there are no others up to it."""
    events: EventBatch


class Answering(Protocol):
    """Answers the ledger's own questions, with the position that the answer is true at."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is said of the tables beside each answer, for programs."""
        ...

    def ask(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
    ) -> Answer:
        """Answer a statement of the ledger's own."""
        ...


class ReadSide(Answering, Protocol):
    """Answers questions about single calls, and those of analysts, as well."""

    def ask(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
        only_call: int | None = None,
    ) -> Answer:
        """Answer a statement of the ledger's own, about one call alone where one is named."""
        ...

    def calls_of_id(self, call_id: str) -> list[tuple[str, int]]:
        """Source and call position of each call of this id, in the order of sources."""
        ...

    def recorded(self, call_position: int) -> Recorded | None:
        """All that the store has of a call; nothing where there are tables alone."""
        ...

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
        task: Task | None = None,
    ) -> Answer:
        """Answer a statement that anybody has written, in a process of its own.

        `task` is what that process may read, and makes of the rows; else it answers with them.
        """
        ...
