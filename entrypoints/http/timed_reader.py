"""Questions of one request: together they have a time, and what takes longer is interrupted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from entrypoints.http.problems import Problem
from projections.serving.sandbox import USUAL, Bounds, Parameters, TookTooLong

if TYPE_CHECKING:
    from projections.as_of import AsOf
    from projections.serving.isolated import Task
    from projections.serving.protocol import Answer
    from projections.serving.read_side import ReadSide, Recorded


class TimedReader:
    """A read side that is lent to one request."""

    def __init__(self, tables: ReadSide, seconds: float) -> None:
        self._tables = tables
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is said of the tables beside each answer, for programs."""
        return self._tables.facts

    def calls_of_id(self, call_id: str) -> list[tuple[str, int]]:
        """Source and call position of each call of this id, in the order of sources."""
        return self._tables.calls_of_id(call_id)

    def recorded(self, call_position: int) -> Recorded | None:
        """All that the store has of a call; nothing where there are tables alone."""
        return self._tables.recorded(call_position)

    def ask(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
        only_call: int | None = None,
    ) -> Answer:
        """Answer as `Reader.ask` does; raises `Problem` once the request's time is used up."""
        left_seconds = self._deadline - time.monotonic()
        try:
            if left_seconds <= 0:
                raise self._took_too_long()
            within = replace(bounds, seconds=min(bounds.seconds, left_seconds))
            return self._tables.ask(sql, parameters, within, as_of, only_call)
        except TookTooLong:
            raise self._took_too_long() from None

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
        task: Task | None = None,
    ) -> Answer:
        """Answer as `Reader.query` does, which has bounds of its own."""
        return self._tables.query(sql, parameters, bounds, as_of, task)

    def _took_too_long(self) -> Problem:
        return Problem(
            503,
            "took-too-long",
            f"To compute this took more than {self._seconds:g} seconds, and was given up: ask for "
            "a shorter period, or for fewer groups.",
        )
