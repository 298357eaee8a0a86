"""The latest events of the ledger, read from the store once for everybody who follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from entrypoints.http.problems import try_again
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from ledger.feed import EventBatch, StoreFeed

MOST_STREAMS: Final = 2_500
HEARTBEAT_SECONDS: Final = 15.0
LOOK_SECONDS: Final = 0.1
"""How often the store is looked at while somebody follows: other processes may write to it."""

RECENT_EVENTS: Final = 5_000
"""So many are kept for those who are not far behind; who is reads the store."""

EVENTS_AT_ONCE: Final = 500


class Head(msgspec.Struct):
    """What a stream is filtered by, of an event's document."""

    source: str
    subject: str
    type: str


HEAD: Final = msgspec.json.Decoder(Head)


class Told(NamedTuple):
    """An event as a stream sends it, with what it is filtered by."""

    position: int
    source: str
    call_id: str
    type: str
    message: bytes


class EventTail:
    """Follows the store from the first stream on, on the one thread of the event loop.

    A stream that is slow takes no memory: it comes back for what is after its position.
    """

    def __init__(
        self,
        folder: LedgerFolder,
        most_streams: int = MOST_STREAMS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.heartbeat_seconds = heartbeat_seconds
        self.streams = 0
        self._folder = folder
        self._most_streams = most_streams
        self._is_ending = False
        self._feed: StoreFeed | None = None
        self._one_at_a_time = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._recent: list[Told] = []
        """The last events up to `_position`, without a gap."""
        self._position = 0
        self._news = asyncio.Event()
        self._failed: LedgerError | None = None

    async def begin(self) -> int:
        """Take a place among the streams; returns the position of now. `end` gives it back.

        Raises `Problem` where there are too many, and what opening the store raises.
        """
        if self.streams >= self._most_streams or self._is_ending:
            raise try_again(f"{self.streams:,} streams are open, and no more can be: wait for one.")
        self.streams += 1
        try:
            async with self._one_at_a_time:
                if self._feed is None:
                    await self._begin_to_follow()
                assert self._feed is not None
                return (await asyncio.to_thread(self._feed.head)).position
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Give the place back."""
        self.streams -= 1

    async def after(self, position: int, seconds: float) -> Sequence[Told]:
        """The next events after a position, some at a time; none where none came in that time.

        Raises `LedgerError` when the store cannot be read any more, or the process is to end.
        """
        if position >= self._position and self._failed is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
        if self._failed is not None:
            raise self._failed
        missing = self._position - position
        if missing > len(self._recent):
            return await self._read(position)
        return self._recent[-missing:][:EVENTS_AT_ONCE] if missing > 0 else ()

    def stop(self) -> None:
        """End every stream soon; from any thread."""
        self._is_ending = True

    def close(self) -> None:
        """Let go of the store, once nobody follows any more."""
        if self._feed is not None:
            self._feed.close()

    async def _begin_to_follow(self) -> None:
        self._feed = await asyncio.to_thread(StoreFeed, self._folder)
        self._position = (await asyncio.to_thread(self._feed.head)).position
        self._recent, self._failed = [], None
        self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        try:
            while not self._is_ending:
                if told := await self._read(self._position):
                    self._recent = [*self._recent, *told][-RECENT_EVENTS:]
                    self._position = told[-1].position
                    self._wake()
                else:
                    await asyncio.sleep(LOOK_SECONDS)
            raise LedgerError("This process ends: follow again in a moment.")
        except LedgerError as error:
            self._failed = error
        self._wake()
        async with self._one_at_a_time:
            self.close()
            self._feed = None

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _read(self, position: int) -> list[Told]:
        """What is after a position, in turns: whoever goes away leaves the store to its reader."""
        return await asyncio.shield(self._read_in_turn(position))

    async def _read_in_turn(self, position: int) -> list[Told]:
        async with self._one_at_a_time:
            if self._feed is None:
                return []
            batches = self._feed.batches(position, EVENTS_AT_ONCE)
            batch = await asyncio.to_thread(next, batches, None)
        return [] if batch is None else told_of(batch)


def told_of(batch: EventBatch) -> list[Told]:
    """The events of a batch as messages of a stream: the documents as they were recorded."""
    told = []
    for position, document in zip(batch.positions, batch.documents, strict=True):
        try:
            head = HEAD.decode(document)
        except msgspec.MsgspecError as error:
            raise LedgerError(
                f"The event at position {position:,} cannot be read ({error}): see what "
                "`call-ledger doctor` says."
            ) from None
        message = b"id: %d\nevent: %s\ndata: %s\n\n" % (position, head.type.encode(), document)
        told.append(Told(position, head.source, head.subject, head.type, message))
    return told
