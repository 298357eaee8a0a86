"""Reading lines from outside: every kind of bad input is told in one sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.commands import Command, Correct, Hold
from ledger import intake
from ledger.intake import LARGEST_LINE_BYTES, VALIDATED, Defaults, Unreadable, read_request

HOLD = {
    "type": "call.hold.v1",
    "command_id": "019a0000-0000-7000-8000-000000000001",
    "source": "test",
    "call_id": "call-1",
    "actor": "agent-1",
    "occurred_at": "2026-01-01T10:00:00Z",
}
GOOD = json.dumps(HOLD).encode()


def line(**changed: Any) -> bytes:
    return json.dumps({**HOLD, **changed}).encode()


def line_without(name: str) -> bytes:
    return json.dumps({key: value for key, value in HOLD.items() if key != name}).encode()


def test_a_line_is_a_command() -> None:
    request = read_request(GOOD)
    assert isinstance(request.command, Hold)
    assert request.command.party == "customer"
    assert not request.observed


def test_a_line_may_choose_the_observation_door() -> None:
    assert read_request(line(observed=True)).observed


@pytest.mark.parametrize("observed", [True, False])
@pytest.mark.parametrize("said", ['"observed": %s, ', '"observed" :%s,', '"\\u006fbserved":%s,'])
def test_the_door_may_stand_anywhere(said: str, observed: bool) -> None:
    told = (said % str(observed).lower()).encode()
    request = read_request(b"{" + told + GOOD[1:])
    assert request.observed is observed
    assert request.command == read_request(GOOD).command


def test_a_complete_line_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    validated: list[bytes] = []

    def counting(text: bytes) -> Command:
        validated.append(text)
        return VALIDATED(text)

    monkeypatch.setattr(intake, "VALIDATED", counting)
    for one in (GOOD, line(observed=True), line(observed=False)):
        validated.clear()
        read_request(one)
        assert len(validated) == 1


@pytest.mark.parametrize("end", [b"", b"\r", b" \r", b"\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf  "])
@pytest.mark.parametrize("said", [GOOD, line(observed=True)], ids=["command", "observation"])
def test_marks_and_ends_of_files_change_nothing(start: bytes, said: bytes, end: bytes) -> None:
    assert read_request(start + said + end) == read_request(said)


def test_a_colon_after_a_quote_inside_a_text_is_no_key() -> None:
    why = 'he said "yes": twice'
    request = read_request(line(type="call.correct.v1", corrected_version=1, why=why))
    assert isinstance(request.command, Correct)
    assert request.command.why == why


def test_what_a_person_leaves_out_is_filled_in() -> None:
    typed = b'{"type":"call.hold.v1","call_id":"call-1","actor":"agent-1"}'
    defaults = Defaults(occurred_at="2026-01-01T10:00:00Z")
    first, second = read_request(typed, defaults), read_request(typed, defaults)
    assert first.command.source == "local"
    assert first.command.occurred_at.year == 2026
    assert first.command.command_id.version == 7
    assert first.command.command_id < second.command.command_id


def test_what_a_line_says_stands_before_the_defaults() -> None:
    defaults = Defaults("2000-01-01T00:00:00Z", "local", UUID(int=9))
    assert read_request(GOOD, defaults) == read_request(GOOD)


BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not valid JSON"),
    "cut": (GOOD[:-5], "not valid JSON"),
    "not UTF-8": (b'{"actor":"\xff"}', "not valid JSON"),
    "NaN": (line(expected_version=float("nan")), "not valid JSON"),
    "infinity": (line(expected_version=float("inf")), "not valid JSON"),
    "half a surrogate pair": (GOOD[:-1] + rb',"party":"\ud800"}', "not valid JSON"),
    "a list": (b"[1]", "not a JSON object"),
    "a number": (b"7", "not a JSON object"),
    "two marks": (b"\xef\xbb\xbf" * 2 + GOOD, "not valid JSON"),
    "a mark inside": (GOOD[:-1] + b"\xef\xbb\xbf}", "not valid JSON"),
    "a zero byte": (GOOD[:5] + b"\0" + GOOD[5:], "zero bytes in it"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "not UTF-16"),
    "two doors": (line(observed=True)[:-1] + b',"observed":false}', "observed is there more"),
    "too deep": (b"[" * 5_000, "not valid JSON"),
    "too long": (b" " * (LARGEST_LINE_BYTES + 1), "at most 65,536 are read: shorten"),
    "a key twice, then tabs": (
        GOOD[:-1] + b',"actor"\t\t:"agent-2"}',
        "actor is there more than once",
    ),
    "a key twice": (GOOD[:-1] + b',"actor" : "agent-2"}', "actor is there more than once"),
    "a key twice, escaped": (GOOD[:-1] + rb',"\u0061ctor":"x"}', "actor is there more than once"),
    "no type": (line_without("type"), "type is missing; it is one of call.receive.v1"),
    "a mistyped type": (line(type="call.hodl.v1"), "did you mean call.hold.v1?"),
    "a foreign type": (line(type="☎"), "there are call.receive.v1"),
    "a type that is no text": (line(type=5), "5 is no type of command"),
    "no actor": (line_without("actor"), "actor is missing"),
    "no id": (line_without("command_id"), "command_id is missing"),
    "an id that is none": (line(command_id="7"), "command_id is not right"),
    "a number as text": (line(actor=5), "actor is not right: input should be a valid string"),
    "a text as number": (line(expected_version="1"), "expected_version is not right"),
    "true as number": (line(expected_version=True), "expected_version is not right"),
    "a fraction": (line(expected_version=1.5), "expected_version is not right"),
    "a negative version": (line(expected_version=-1), "expected_version is not right"),
    "an absurd number": (line(expected_version=10**30), "larger than any number"),
    "a version beyond all": (line(expected_version=10**9 + 1), "less than or equal to 1000000000"),
    "a large number": (line(expected_version=2**60), "larger than any number"),
    "an empty text": (line(actor=""), "actor is not right"),
    "too long a text": (line(call_id="x" * 129), "at most 128 characters"),
    "a control character": (line(call_id="a\u0000b"), "call_id has characters"),
    "a line break": (line(call_id="a\nb"), "not allowed in it: U+000A"),
    "a turned text": (line(actor="\u202eagent"), "in it: U+202E, which cannot be seen."),
    "a source with a space": (line(source="a b"), "source has characters that are not"),
    "an unknown field": (line(prty="customer"), "did you mean party?"),
    "another command's field": (line(reason="sale"), "reason is no field of call.hold.v1"),
    "an object": (line(party={"id": "x"}), "party must be a plain value"),
    "a list in it": (line(party=["x"]), "party must be a plain value"),
    "an unknown way": (line(via="fax"), "'desktop', 'device' or 'system'"),
    "a door that is none": (line(observed="yes"), "observed must be true or false"),
    "a time as number": (line(occurred_at=1767261600), "occurred_at is not right"),
    "a time as digits": (line(occurred_at="1767261600"), "occurred_at must be written as"),
    "a time without zone": (line(occurred_at="2026-01-01T10:00:00"), "timezone"),
    "a day": (line(occurred_at="2026-01-01"), "occurred_at is not right"),
    "a month that is none": (line(occurred_at="2026-13-01T10:00:00Z"), "month"),
    "the year 1": (line(occurred_at="0001-01-01T00:00:00+14:00"), "the year 1;"),
    "the year 9999": (line(occurred_at="9999-12-31T23:59:59-14:00"), "the year 9999;"),
    "the year 1969": (line(occurred_at="1969-12-31T23:59:59Z"), "the year 1969;"),
}


@pytest.mark.parametrize(("bad", "why"), BAD.values(), ids=BAD)
def test_bad_input_is_told_in_one_printable_sentence(bad: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_request(bad)
    sentence = str(error.value)
    assert why in sentence
    assert sentence.isprintable()
    assert sentence[-1] in ".?"


def test_a_command_made_in_python_keeps_the_same_bounds() -> None:
    for bound in ({"occurred_at": datetime(2201, 1, 1, tzinfo=UTC)}, {"expected_version": -1}):
        with pytest.raises(ValueError, match=next(iter(bound))):
            Hold.model_validate({**HOLD, **bound})
