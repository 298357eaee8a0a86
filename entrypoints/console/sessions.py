"""Who has entered the console: sessions in memory, of a key or a sign-in, that end by themselves.

A token is 256 random bits in a cookie; kept is its SHA-256. Whoever restarts the server enters
again, so nothing is on disk that lets anybody in.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Final

from entrypoints.http.keys import Caller

LONGEST: Final = timedelta(hours=8)
LONGEST_IDLE: Final = timedelta(minutes=60)
MOST_SESSIONS: Final = 10_000


@dataclass
class Session:
    """One reader's stay."""

    caller: Caller
    name: str
    """How the reader is called on the pages."""
    time_zone: str
    ends_at: datetime
    used_at: datetime

    def is_open_at(self, now: datetime) -> bool:
        """Whether it lasts."""
        return now < self.ends_at and now - self.used_at < LONGEST_IDLE


class Sessions:
    """The sessions of one server."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}
        self._lock = Lock()

    def begin(self, caller: Caller, name: str, expires_at: datetime, time_zone: str) -> str:
        """Begin one; returns its token. It ends at the latest with what let the reader in."""
        token, now = secrets.token_urlsafe(32), self._clock()
        session = Session(caller, name, time_zone, min(now + LONGEST, expires_at), now)
        with self._lock:
            self._open = {
                name: session for name, session in self._open.items() if session.is_open_at(now)
            }
            if len(self._open) >= MOST_SESSIONS:
                self._open.pop(min(self._open, key=lambda name: self._open[name].used_at))
            self._open[digest(token)] = session
        return token

    def of(self, token: str | None) -> Session | None:
        """The session of a token, if it lasts; being asked for keeps it from being idle."""
        now = self._clock()
        with self._lock:
            session = self._open.get(digest(token or ""))
            if session is None or not session.is_open_at(now):
                return None
            session.used_at = now
            return session

    def end(self, token: str | None) -> Session | None:
        """Let it last no longer; returns what it was, if it was one."""
        with self._lock:
            return self._open.pop(digest(token or ""), None)


def digest(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()
