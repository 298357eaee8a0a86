"""An event from Kafka is read as its type says, and a document that is none is known for it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import asdict

from domain.event import Event
from domain.events import EVENT_CLASSES
from ledger.document_validation import READERS, TEXTS, what_is_wrong, why_no_event
from tests.domain.any_event import any_of

Changes = dict[str, Any]
enough = settings(max_examples=40)
"""An example takes some milliseconds, and there are sixty of these tests."""


def any_data(event_class: type[Event]) -> st.SearchStrategy[Changes]:
    events = any_of(event_class)
    dumped = events.map(lambda one: to_builtins(asdict(one)))
    return dumped.filter(is_writable)


def document_of(event_class: type[Event], data: Changes) -> Changes:
    return {
        **dict.fromkeys(TEXTS, "2026-01-01T00:00:00Z"),
        "type": event_class.type,
        "version": 1,
        "data": data,
    }


def is_writable(value: Any) -> bool:
    """Whether JSON as we write it has room for the numbers in it."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
).filter(is_writable)


@pytest.mark.parametrize("event_class", EVENT_CLASSES, ids=lambda one: one.__name__)
@enough
@given(data=st.data())
def test_every_event_is_read_in_one_step(event_class: type[Event], data: st.DataObject) -> None:
    document = orjson.dumps(document_of(event_class, data.draw(any_data(event_class))))
    name = event_class.type.encode()
    READERS[name].decode(document)
    assert why_no_event(document) == what_is_wrong(document) == ""


@pytest.mark.parametrize("event_class", EVENT_CLASSES, ids=lambda one: one.__name__)
@enough
@given(data=st.data())
def test_what_its_type_refuses_is_never_read(event_class: type[Event], data: st.DataObject) -> None:
    document = document_of(event_class, data.draw(any_data(event_class)))
    place = data.draw(st.sampled_from([document, document["data"]]))
    name = data.draw(st.sampled_from([*place, "another", "type"]))
    if data.draw(st.booleans()):
        place.pop(name, None)
    else:
        place[name] = data.draw(ANYTHING)
    changed = orjson.dumps(document)
    assert why_no_event(changed) == what_is_wrong(changed)
