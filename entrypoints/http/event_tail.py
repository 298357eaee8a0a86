"""The latest events of the ledger, read from the store once for everybody who follows it."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from entrypoints.http.problems import RETRY_AFTER_SECONDS, Problem, try_again
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from ledger.feed import EventBatch, StoreFeed

MOST_STREAMS: Final = 2_500
MOST_STREAMS_OF_ONE: Final = 500
"""Of one key or subject of tokens: one that runs wild leaves room for the others."""

HEARTBEAT_SECONDS: Final = 15.0
LOOK_SECONDS: Final = 0.1
"""How often the store is looked at while somebody follows: other processes may write to it."""

RECENT_EVENTS: Final = 5_000
"""So many are kept for those who are not far behind; who is reads the store."""

RECENT_REFUSALS: Final = 1_000
"""So many are kept; who looks at a call has those before on the page already."""

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


class Refused(NamedTuple):
    """Of which call something was refused."""

    number: int
    source: str
    call_id: str


class EventTail:
    """Follows the store from the first stream on, on the one thread of the event loop.

    A stream that is slow takes no memory: it comes back for what is after its position.
    """

    def __init__(
        self,
        folder: LedgerFolder,
        most_streams: int = MOST_STREAMS,
        most_streams_of_one: int = MOST_STREAMS_OF_ONE,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.heartbeat_seconds = heartbeat_seconds
        self.streams = 0
        self._folder = folder
        self._most_streams = most_streams
        self._most_streams_of_one = most_streams_of_one
        self._streams_of: Counter[str] = Counter()
        self._is_ending = False
        self._feed: StoreFeed | None = None
        self._one_at_a_time = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._recent: list[Told] = []
        """The last events up to `_position`, without a gap."""
        self._position = 0
        self._refused: deque[Refused] = deque(maxlen=RECENT_REFUSALS)
        self.refusal_number = 0
        """Of the last refusal that was looked at."""
        self._news = asyncio.Event()
        self._failed: LedgerError | None = None

    async def begin(self, caller_id: str) -> int:
        """Take a place among the streams; returns the position of now. `end` gives it back.

        Raises `Problem` where there are too many, and what opening the store raises.
        """
        if self.streams >= self._most_streams or self._is_ending:
            raise try_again(f"{self.streams:,} streams are open, and no more can be: wait for one.")
        if self._streams_of[caller_id] >= self._most_streams_of_one:
            detail = f"You follow {self._streams_of[caller_id]:,} streams: end one, and ask again."
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            raise Problem(429, "too-many-streams", detail, headers)
        self.streams += 1
        self._streams_of[caller_id] += 1
        try:
            async with self._one_at_a_time:
                if self._feed is None:
                    await self._begin_to_follow()
                assert self._feed is not None
                return (await asyncio.to_thread(self._feed.head)).position
        except BaseException:
            self.end(caller_id)
            raise

    def end(self, caller_id: str) -> None:
        """Give the place back."""
        self.streams -= 1
        self._streams_of[caller_id] -= 1
        if not self._streams_of[caller_id]:
            del self._streams_of[caller_id]

    async def after(
        self, position: int, seconds: float, refusal_number: int | None = None
    ) -> Sequence[Told]:
        """The next events after a position, some at a time; none where none came in that time.

        Whoever names the last refusal that they know of waits no longer than to the next one, and
        asks `refused_after` for it.

        Raises `LedgerError` when the store cannot be read any more, or the process is to end.
        """
        knows_all = refusal_number is None or refusal_number >= self.refusal_number
        if position >= self._position and knows_all and self._failed is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
        if self._failed is not None:
            raise self._failed
        missing = self._position - position
        if missing > len(self._recent):
            return await self._read(position)
        return self._recent[-missing:][:EVENTS_AT_ONCE] if missing > 0 else ()

    def refused_after(self, number: int) -> list[Refused]:
        """What was refused lately, after a number."""
        return [one for one in self._refused if one.number > number]

    def stop(self) -> None:
        """End every stream soon; from any thread."""
        self._is_ending = True

    def close(self) -> None:
        """Let go of the store, once nobody follows any more."""
        if self._feed is not None:
            self._feed.close()

    async def _begin_to_follow(self) -> None:
        self._feed = await asyncio.to_thread(StoreFeed, self._folder)
        head = await asyncio.to_thread(self._feed.head)
        self._position = head.position
        self.refusal_number = max(0, head.refusal_number - RECENT_REFUSALS)
        self._refused.clear()
        self._recent, self._failed = [], None
        self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        try:
            while not self._is_ending:
                told = await self._read(self._position)
                refused = await self._read_refused()
                if told:
                    self._recent = [*self._recent, *told][-RECENT_EVENTS:]
                    self._position = told[-1].position
                self._refused.extend(refused)
                if told or refused:
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

    async def _read_refused(self) -> list[Refused]:
        """What was refused since it was last looked at."""
        async with self._one_at_a_time:
            assert self._feed is not None, "the one who follows closes it"
            batches = self._feed.refusals(self.refusal_number, EVENTS_AT_ONCE)
            batch = await asyncio.to_thread(next, batches, None)
        if batch is None:
            return []
        self.refusal_number = batch.numbers[-1]
        return [
            Refused(number, said.source, said.subject)
            for number, document in zip(batch.numbers, batch.documents, strict=True)
            for said in (head_of(document, f"refusal {number:,}"),)
        ]


def told_of(batch: EventBatch) -> list[Told]:
    """The events of a batch as messages of a stream: the documents as they were recorded."""
    told = []
    for position, document in zip(batch.positions, batch.documents, strict=True):
        head = head_of(document, f"event at position {position:,}")
        message = b"id: %d\nevent: %s\ndata: %s\n\n" % (position, head.type.encode(), document)
        told.append(Told(position, head.source, head.subject, head.type, message))
    return told


def head_of(document: bytes, which: str) -> Head:
    """What a document is filtered by. Raises `LedgerError` where it cannot be read."""
    try:
        return HEAD.decode(document)
    except msgspec.MsgspecError as error:
        raise LedgerError(
            f"The {which} cannot be read ({error}): see what `call-ledger doctor` says."
        ) from None
