"""Questions of one request: together they have a time, and what takes longer is interrupted."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from entrypoints.http.problems import Problem
from projections.serving.client import Reader
from projections.serving.sandbox import USUAL, Bounds, Parameters, TookTooLong

if TYPE_CHECKING:
    from infra.folder import LedgerFolder
    from projections.as_of import AsOf
    from projections.serving.protocol import Answer


class TimedReader(Reader):
    """A reader that is lent to one request after the other."""

    def __init__(self, folder: LedgerFolder, seconds: float) -> None:
        super().__init__(folder)
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Another request begins: its time is not used up yet."""
        self._deadline = time.monotonic() + self._seconds

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
            return super().ask(sql, parameters, within, as_of, only_call)
        except TookTooLong:
            raise self._took_too_long() from None

    def _took_too_long(self) -> Problem:
        return Problem(
            503,
            "took-too-long",
            f"To compute this took more than {self._seconds:g} seconds, and was given up: ask for "
            "a shorter period, or for fewer groups.",
        )
