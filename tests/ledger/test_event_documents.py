"""The bytes of a document: in order, without what has no value, and read back as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.call import Call
from domain.decide import Decided, decide, observe
from domain.event import Event
from domain.events import EVENT_CLASS_OF_TYPE, EVENT_CLASSES
from domain.rule_sets import SEED
from domain.vocabulary import Role, TimeSource
from ledger.documents import Stamp, event_documents, event_in, time_text
from tests.domain.any_event import any_of
from tests.ledger.scenes import command

STAMP = Stamp.of(datetime(2026, 1, 1, 10, tzinfo=UTC), SEED)
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 12, 30), timezones=ZONES | st.just(UTC)))
def test_a_time_is_in_utc_with_six_decimals(moment: datetime) -> None:
    assert time_text(moment) == moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_a_whole_second_has_its_decimals_too() -> None:
    assert time_text(datetime(2026, 1, 1, 10, tzinfo=UTC)) == "2026-01-01T10:00:00.000000Z"


def test_everything_that_can_be_said_is_said_in_one_order() -> None:
    reported = command(
        "resume",
        "agent-1",
        correlation_id="case-7",
        causation_id="import-3",
        traceparent=f"00-{1:032x}-{2:016x}-01",
        time_source=TimeSource.DERIVED,
    )
    (document,) = event_documents(reported, observe(Call(), reported, SEED), True, STAMP)
    assert list(orjson.loads(document)) == [
        "specversion", "id", "type", "source", "subject", "time", "recordedat", "version",
        "actor", "role", "via", "commandid", "correlationid", "causationid", "traceparent",
        "timesource", "observed", "rulesbroken", "ruleset", "rulesethash", "data",
    ]  # fmt: skip


def test_what_has_no_value_is_left_out() -> None:
    received = command("receive", "system")
    decided = decide(Call(), received, SEED)
    assert isinstance(decided, Decided)
    (document,) = event_documents(received, decided, False, STAMP)
    assert b"null" not in document
    assert orjson.loads(document)["data"] == {"stay_number": 1, "channel": "telephony"}


def test_false_is_a_value() -> None:
    event_class = EVENT_CLASS_OF_TYPE["call.wrap-up-applied.v1"]
    applied = {"wrap_up_number": 1, "wrap_up_agent": "a", "reason": "r", "mode": "by_agent"}
    event = event_in(document_of(event_class, applied))
    (document,) = event_documents(
        command("resume", "agent-1"), Decided((event,), Call(version=1), Role.SYSTEM), False, STAMP
    )
    assert orjson.loads(document)["data"] == {**applied, "provisional": False}


def document_of(event_class: type[Event], data: Any) -> bytes:
    return orjson.dumps({"id": "call-1/1", "type": event_class.type, "data": data})


@pytest.mark.parametrize("event_class", EVENT_CLASSES, ids=lambda one: one.__name__)
@given(data=st.data())
def test_an_event_is_read_back_as_it_was(event_class: type[Event], data: st.DataObject) -> None:
    event = data.draw(any_of(event_class))
    decided = Decided((event,), Call(version=1), Role.SYSTEM)
    (document,) = event_documents(command("receive", "system"), decided, False, STAMP)
    assert event_in(document) == event


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"hold_number": "1"},
        {"hold_number": 1.5},
        {"hold_number": None},
        {"hold_number": True},
        {"hold_number": 1, "music": "Vivaldi"},
        ["hold_number"],
        None,
        "hold_number",
    ],
)
def test_a_damaged_body_is_no_event(data: Any) -> None:
    with pytest.raises(ValueError):
        event_in(document_of(EVENT_CLASS_OF_TYPE["call.held.v1"], data))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"\x00\xff",
        b"[]",
        b"null",
        b'{"id": "call-1/1", "data": {}}',
        b'{"id": "call-1/1", "type": "call.held.v1"}',
        b'{"id": "call-1/1", "type": 7, "data": {}}',
        b'{"id": "call-1/1", "type": "call.held.v1", "data": {"hold_number": 1}',
        b'{"id": "call-1/1", "type": "call.held.v1", "data": {"hold_number": 1}} x',
    ],
)
def test_what_is_no_document_is_no_event(document: bytes) -> None:
    with pytest.raises(ValueError):
        event_in(document)


def test_an_event_of_a_later_version_is_named() -> None:
    with pytest.raises(ValueError, match=r"call-1/1 is of type call\.beamed\.v1"):
        event_in(b'{"id": "call-1/1", "type": "call.beamed.v1", "data": {}}')
