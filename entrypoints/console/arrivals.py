"""Who is on the way through the company's sign-in: each comes back once, soon, in one browser."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

LONGEST: Final = timedelta(minutes=10)
MOST_ARRIVALS: Final = 10_000


def random_text() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Arrival:
    """One way through the sign-in, and what has to come back of it."""

    to: str
    """The page that is shown then."""
    time_zone: str
    ends_at: datetime
    state: str = field(default_factory=random_text)
    nonce: str = field(default_factory=random_text)
    verifier: str = field(default_factory=random_text)


class Arrivals:
    """Those of one server; what a browser has is a token of 256 random bits."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._expected: dict[str, Arrival] = {}
        self._lock = Lock()

    def begin(self, to: str, time_zone: str) -> tuple[str, Arrival]:
        """Expect somebody; the oldest are forgotten where too many are on the way."""
        token, arrival = random_text(), Arrival(to, time_zone, self._clock() + LONGEST)
        with self._lock:
            self._expected[token] = arrival
            if len(self._expected) > MOST_ARRIVALS:
                self._expected.pop(next(iter(self._expected)))
        return token, arrival

    def take(self, token: str | None, state: str) -> Arrival | None:
        """Whom this token and state are of, once; nobody who took too long."""
        with self._lock:
            arrival = self._expected.pop(token or "", None)
        if arrival is None or arrival.ends_at <= self._clock():
            return None
        is_it = secrets.compare_digest(arrival.state.encode(), state.encode("utf-8", "replace"))
        return arrival if is_it else None
