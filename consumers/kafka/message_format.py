"""What our messages look like: structured CloudEvents, and the place of each in the ledger.

The value is the document exactly as it is stored. Two headers stand beside it: the content type of
structured CloudEvents, and `position`, which is three words: the event's position, its call's
first position, and a checksum of the value by which an edited document is found.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import orjson
from crc32c import crc32c

CONTENT_TYPE: Final = ("content-type", b"application/cloudevents+json")
POSITION: Final = "position"
MOST_KEYS: Final = 20_000
"""Calls whose key is remembered: more than go on at the same time."""

Headers = list[tuple[str, bytes]]


class Place(NamedTuple):
    """Where a document is in the ledger, as its message says."""

    position: int
    """The event's position, or a refusal's number."""
    call_position: int
    """The position of the call's first event; 0 with a refusal, whose call may not exist."""
    checksum: int


def key_in(document: bytes) -> bytes:
    """The key of a document's message: its call, so that a call's events stay in order."""
    call_id: str = orjson.loads(document)["subject"]
    return call_id.encode()


class Keys:
    """The keys of calls, remembered by the position of their first event: reading one costs."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}

    def of(self, call_position: int, document: bytes) -> bytes:
        """The key of an event of the call."""
        key = self._known.get(call_position)
        if key is None:
            if len(self._known) >= MOST_KEYS:
                self._known.clear()
            key = self._known[call_position] = key_in(document)
        return key


def headers_of(position: int, call_position: int, document: bytes) -> Headers:
    """The two headers of a document's message."""
    place = b"%d %d %08x" % (position, call_position, crc32c(document))
    return [CONTENT_TYPE, (POSITION, place)]


def words_of_place(headers: Headers) -> bytes | None:
    """What the header `position` says; nothing when there is none."""
    return next((value for name, value in headers if name == POSITION), None)


def place_in(headers: Headers) -> Place | None:
    """The place that the headers name; nothing when they name none."""
    return place_of(words_of_place(headers))


def place_of(words: bytes | None) -> Place | None:
    """The place that the words of the header name; nothing when they are none."""
    try:
        position, call_position, checksum = (words or b"").split(b" ")
        place = Place(int(position), int(call_position), int(checksum, 16))
    except ValueError:
        return None
    return place if 0 < place.position < 2**63 and 0 <= place.call_position < 2**63 else None


def is_as_published(document: bytes, place: Place) -> bool:
    """Whether the value is, byte for byte, what the publisher sent."""
    return crc32c(document) == place.checksum
