"""Why a document is none that this version can read; nothing when it is one."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Final, Literal

import orjson
from msgspec import MsgspecError, convert, defstruct
from msgspec.json import Decoder

from domain.event import Event
from domain.events import EVENT_CLASS_OF_TYPE
from ledger.documents import REFUSAL_TYPE

REASON_LENGTH: Final = 300
TEXTS: Final = (
    "source",
    "subject",
    "time",
    "recordedat",
    "actor",
    "role",
    "via",
    "commandid",
    "ruleset",
    "rulesethash",
)
"""What stands in the envelope of every document, beside its version and data."""


def reader_of(event_type: str, event_class: type[Event]) -> Decoder[Any]:
    """Reads a document of this type, and raises `MsgspecError` when it is none."""
    texts = [(name, str) for name in TEXTS]
    own = [("type", Literal[event_type]), ("version", int), ("data", event_class)]
    return Decoder(defstruct("Document", [*texts, *own]))


READERS: Final = {name.encode(): reader_of(name, one) for name, one in EVENT_CLASS_OF_TYPE.items()}
TYPE: Final = re.compile(rb'"type":"([^"]*)"')


def why_no_event(document: bytes) -> str:
    """The reason why it is no event, in a sentence.

    Nearly every document is one, and is read once, as its type says; only of the others it is
    looked for what is wrong.
    """
    found = TYPE.search(document)
    if found is not None and (reader := READERS.get(found[1])) is not None:
        with suppress(MsgspecError):
            reader.decode(document)
            return ""
    return what_is_wrong(document)


def what_is_wrong(document: bytes) -> str:
    """The first thing by which a document is no event; nothing when it is one after all."""
    try:
        read = orjson.loads(document)
        event_class = EVENT_CLASS_OF_TYPE.get(read["type"])
        if event_class is None:
            return f"Its type {str(read['type'])[:60]!r} is unknown to this version."
        if type(read["version"]) is not int:
            return "Its version is not a whole number."
        convert(read["data"], event_class)
        return wrong_in_envelope(read)
    except orjson.JSONDecodeError as error:
        return f"It is not JSON: {error}."
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return in_a_sentence(error)


def why_no_refusal(document: bytes) -> str:
    """The reason why it is no refusal, in a sentence."""
    try:
        read = orjson.loads(document)
        if read["type"] != REFUSAL_TYPE:
            return f"Its type {str(read['type'])[:60]!r} is not {REFUSAL_TYPE}."
        if not isinstance(read["data"], dict):
            return "Its data is not an object."
        return wrong_in_envelope(read)
    except orjson.JSONDecodeError as error:
        return f"It is not JSON: {error}."
    except (KeyError, TypeError, AttributeError) as error:
        return in_a_sentence(error)


def wrong_in_envelope(read: dict[str, Any]) -> str:
    """What is missing of the envelope."""
    for name in TEXTS:
        if not isinstance(read.get(name), str):
            return f"Its envelope has no {name}."
    return ""


def in_a_sentence(error: Exception) -> str:
    """A library's words about a wrong document, on one line."""
    words = " ".join(str(error).split())[:REASON_LENGTH]
    return f"It is not as its type says: {words}."
