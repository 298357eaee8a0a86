"""How many requests a second each key may make: a number kept for each, and a bound on those."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

REQUESTS_PER_SECOND: Final = 10_000
"""What stops a client that runs wild, and none that works."""

BURST_SECONDS: Final = 1.0
"""So much of its rate a key may have at once."""

MOST_CALLERS: Final = 10_000
"""Of more than these the one that asked the longest ago is forgotten, and may burst again."""


class Rates:
    """A bucket for each caller that fills steadily (GCRA), kept as the moment when it is full."""

    def __init__(
        self,
        requests_per_second: float = REQUESTS_PER_SECOND,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._seconds_each = 1 / requests_per_second
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def wait_seconds(self, caller_id: str) -> float:
        """0 where one more request may be made, which is then counted; or how long to wait."""
        wait_seconds = self._until_full(caller_id) + self._seconds_each - BURST_SECONDS
        if wait_seconds > 0:
            return wait_seconds
        self.spend(caller_id, 1)
        return 0.0

    def spend(self, caller_id: str, requests: int) -> None:
        """Count requests that were let in, as one, and are waited for afterwards."""
        full_in = self._until_full(caller_id) + self._seconds_each * requests
        self._full_at.pop(caller_id, None)
        self._full_at[caller_id] = self._clock() + full_in
        if len(self._full_at) > MOST_CALLERS:
            del self._full_at[next(iter(self._full_at))]

    def _until_full(self, caller_id: str) -> float:
        return max(0.0, self._full_at.get(caller_id, 0.0) - self._clock())

    def __len__(self) -> int:
        return len(self._full_at)
