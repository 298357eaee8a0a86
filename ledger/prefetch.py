"""Reads the next batches on another thread while one is being worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")


def prefetch(
    batches: Iterable[Batch], has_more: Callable[[Batch], bool] = lambda _: True, most: int = 1
) -> Generator[Batch, None, None]:
    """Read up to `most` batches ahead; the store, Kafka and DuckDB let other threads run meanwhile.

    After a batch that has no more behind it the next one is read when it is asked for, so that it
    has all that came until then.
    """
    source = iter(batches)
    with ThreadPoolExecutor(1, "prefetch") as thread:
        pending = deque([thread.submit(next, source, None)])
        while (batch := pending.popleft().result()) is not None:
            while has_more(batch) and len(pending) < most:
                pending.append(thread.submit(next, source, None))
            yield batch
            if not pending:
                pending.append(thread.submit(next, source, None))
