"""The asyncio door: callers who come at the same time share one transaction, and one fsync."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Condition, Thread
from typing import TYPE_CHECKING

from infra.errors import LedgerError
from ledger.outcomes import Outcome, Request

if TYPE_CHECKING:
    import asyncio

LARGEST_GROUP = 1_000
"""Requests in one transaction: more would make the first of them wait for the last."""

MOST_WAITING = 50_000
"""Requests that may wait; beyond them a caller is told so at once instead of filling memory."""

Answer = Outcome | Exception
Waiting = tuple[Request, "asyncio.Future[Outcome]"]


class GroupCommit:
    """Hands whatever has come in since the last group to `take`, in one worker thread."""

    def __init__(self, take: Callable[[Sequence[Request]], Sequence[Answer]]) -> None:
        self._take = take
        self._waiting: list[Waiting] = []
        self._changed = Condition()
        self._closed = False
        self._worker: Thread | None = None

    async def submit(self, request: Request) -> Outcome:
        """Wait until the request's group is durable, and return this request's outcome."""
        from asyncio import get_running_loop  # noqa: PLC0415 - who records in turn does without

        future: asyncio.Future[Outcome] = get_running_loop().create_future()
        with self._changed:
            if self._closed:
                raise LedgerError("The ledger is closed: open it again to record.")
            if len(self._waiting) >= MOST_WAITING:
                raise LedgerError(
                    f"{MOST_WAITING} commands wait already: send it again when some are answered."
                )
            self._waiting.append((request, future))
            if self._worker is None:
                self._worker = Thread(target=self._work, name="group-commit", daemon=True)
                self._worker.start()
            elif len(self._waiting) == 1:
                self._changed.notify()
        return await future

    def close(self) -> None:
        """Answer everybody who waits, then end the worker."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._worker is not None:
            self._worker.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                group = self._waiting[:LARGEST_GROUP]
                del self._waiting[:LARGEST_GROUP]
            answers: Sequence[Answer]
            try:
                answers = self._take([request for request, _ in group])
            except Exception as error:
                answers = [error] * len(group)
            self._answer(group, answers)

    def _answer(self, group: Sequence[Waiting], answers: Sequence[Answer]) -> None:
        """Hop back once per event loop, with all the answers that it waits for."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Outcome], Answer]]] = {}
        for (_, future), answer in zip(group, answers, strict=True):
            by_loop.setdefault(future.get_loop(), []).append((future, answer))
        for loop, answered in by_loop.items():
            # A closed loop has nobody left to answer; it may close at any moment until the call.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(resolve, answered)


def resolve(answered: Sequence[tuple[asyncio.Future[Outcome], Answer]]) -> None:
    """Give each future its answer; one whose caller has gone is let be."""
    for future, answer in answered:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
