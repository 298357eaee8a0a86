"""Commands over HTTP: what is answered is on disk, and the same as by every other door."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import compile_path

from entrypoints.http import limits
from entrypoints.http.application import application
from entrypoints.http.one_command import PATH, ROUTE, asked_of
from entrypoints.http.problems import Problem
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.intake import new_command_id
from ledger.quarantine import reading_quarantine
from tests.entrypoints.calling import call
from tests.http.clients import JSON, Served
from tests.ledger.lines import all_documents, lines_of_calls

LINES = {"Content-Type": "application/x-ndjson"}
MakeKey = Callable[..., str]
PRINTABLE = st.characters(exclude_categories=["C", "Zl", "Zp"])
RECEIVE = b'{"type": "call.receive.v1", "actor": "system"%s}'


def refusals_in(served: Served) -> list[bytes]:
    with StoreFeed(served.folder) as feed:
        return [document for batch in feed.refusals(0) for document in batch.documents]


def test_what_is_answered_is_recorded_and_has_the_version_for_the_next_command(
    served: Served,
) -> None:
    (receive, offer, *_) = lines_of_calls(1)
    answer = served.ask(receive)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    document = answer.json()
    assert [orjson.loads(one) for one in all_documents(served.folder)] == document["events"]
    assert document["position"] == int(answer.headers["ledger-position"]) == 1
    assert served.ask(offer, if_match=answer.headers["etag"]).status_code == 201


def test_the_same_command_again_gets_its_first_outcome_and_records_nothing(served: Served) -> None:
    (receive, *_) = lines_of_calls(1)
    first = served.ask(receive)
    again = served.ask(receive)
    assert again.status_code == 200
    assert again.json() == {**first.json(), "repeated": True}
    assert len(all_documents(served.folder)) == 1


def test_an_id_may_be_written_in_another_way_in_the_body(served: Served) -> None:
    command_id = str(new_command_id())
    headers = {**JSON, "Idempotency-Key": command_id}
    where = "/v1/calls/test/call-1/commands"
    for said in (command_id.upper(), command_id.replace("-", ""), f"urn:uuid:{command_id}"):
        body = RECEIVE % f', "command_id": "{said}"'.encode()
        assert served.writer.post(where, content=body, headers=headers).status_code in (200, 201)
    assert len(all_documents(served.folder)) == 1
    other = RECEIVE % f', "command_id": "{new_command_id()}"'.encode()
    assert served.writer.post(where, content=other, headers=headers).status_code == 400


def test_an_id_that_asked_for_something_else_before_is_refused_by_l5(served: Served) -> None:
    (receive, offer, *_) = lines_of_calls(1)
    served.ask(receive)
    other = {**orjson.loads(offer), "command_id": orjson.loads(receive)["command_id"]}
    answer = served.ask(orjson.dumps(other))
    assert (answer.status_code, answer.json()["rule"]) == (422, "L5")
    assert len(all_documents(served.folder)) == 1


def test_a_refusal_names_its_rule_in_the_pages_words_and_is_kept(served: Served) -> None:
    lines = lines_of_calls(1)
    for line in lines[:3]:
        served.ask(line)
    answer = served.ask(lines[3])
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    kept = orjson.loads(refusals_in(served)[0])
    assert (problem["rule"], problem["detail"]) == (kept["data"]["rule"], kept["data"]["sentence"])
    assert problem["refusal_number"] == 1
    assert problem["page"]
    assert served.ask(lines[3]).json() == {**problem, "repeated": True}


def test_a_command_for_a_version_that_is_past_is_refused_as_stale(served: Served) -> None:
    (receive, offer, answered, *_) = lines_of_calls(1)
    served.ask(receive)
    served.ask(offer)
    stale = served.ask(answered, if_match='"1"')
    assert (stale.status_code, stale.json()["rule"]) == (412, "L2")
    assert len(all_documents(served.folder)) == 2


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    call_id=st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=20)
)
def test_a_calls_id_is_taken_as_it_is_whatever_it_has_in_it(served: Served, call_id: str) -> None:
    where = f"/v1/calls/test/{quote(call_id, safe='')}"
    body = RECEIVE % b""
    answer = served.writer.post(f"{where}/commands", content=body, headers=JSON)
    if answer.status_code != 409:
        assert (answer.status_code, answer.json()["call_id"]) == (201, call_id)
    assert served.auditor.get(where).json()["call"]["call_id"] == call_id


MALFORMED = {
    "not JSON": b"{",
    "no object": b"[]",
    "nothing": b"",
    "no type": b'{"actor": "system"}',
    "an unknown type": b'{"type": "call.fly.v1", "actor": "system"}',
    "an unknown field": RECEIVE % b', "colour": "red"',
    "a key said twice": RECEIVE % b', "actor": "a1"',
    "another call in the body": RECEIVE % b', "call_id": "other"',
    "a time without a zone": RECEIVE % b', "occurred_at": "2026-01-01T00:00:00"',
    "half of a surrogate pair": rb'{"type": "call.receive.v1", "actor": "\ud800"}',
    "a very deep one": b'{"type": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_command_is_said_to_be_none_and_leaves_nothing(
    body: bytes, served: Served
) -> None:
    answer = served.writer.post("/v1/calls/test/1/commands", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith((".", "?"))
    assert all_documents(served.folder) == []


@pytest.mark.parametrize(
    "headers", [{"Idempotency-Key": "7"}, {"If-Match": "seven"}, {"If-Match": "*"}]
)
def test_a_header_that_is_not_right_is_said(headers: dict[str, str], served: Served) -> None:
    body = RECEIVE % b""
    answer = served.writer.post(
        "/v1/calls/test/1/commands", content=body, headers={**JSON, **headers}
    )
    assert answer.status_code == 400
    assert all_documents(served.folder) == []


def test_a_body_of_another_media_type_is_not_taken(served: Served) -> None:
    for path in ("/v1/calls/test/1/commands", "/v1/commands:batch"):
        answer = served.writer.post(path, content=b"x", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415


def test_a_compressed_body_is_not_taken_and_no_line_of_it_goes_to_quarantine(
    served: Served,
) -> None:
    packed = gzip.compress(RECEIVE % b"")
    for path, media_type in (
        ("/v1/calls/test/1/commands", "application/json"),
        ("/v1/commands:batch", "application/x-ndjson"),
    ):
        headers = {"Content-Type": media_type, "Content-Encoding": "gzip"}
        answer = served.writer.post(path, content=packed, headers=headers)
        assert answer.status_code == 415
        assert "without a Content-Encoding" in answer.json()["detail"]
    with reading_quarantine(LedgerFolder.of(served.folder)) as quarantine:
        assert quarantine.waiting() == 0


def test_bytes_are_counted_and_not_believed(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 1024 * 1024

    answer = served.writer.post("/v1/commands:batch", content=endless(), headers=LINES)
    assert answer.status_code == 413
    assert all_documents(served.folder) == []


def test_callers_at_the_same_time_are_each_answered_and_each_recorded_once(served: Served) -> None:
    lines = lines_of_calls(40)
    calls = [lines[start : start + 6] for start in range(0, len(lines), 6)]

    def caller(call_lines: list[bytes]) -> list[int]:
        with httpx.Client(base_url=served.url, headers=served.writer.headers, timeout=60) as client:
            return [served.ask(line, client).status_code for line in call_lines]

    with ThreadPoolExecutor(20) as callers:
        statuses = list(callers.map(caller, calls))
    assert statuses == [[201, 201, 201, 409, 201, 201]] * 40
    assert len(all_documents(served.folder)) == 40 * 7


def test_a_batch_is_answered_as_the_command_line_answers_the_same_lines(
    served: Served, tmp_path: Path
) -> None:
    lines = [*lines_of_calls(3), b"no command"]
    told = call(tmp_path / "other", "record", "--lines", "-", typed=b"\n".join(lines)).lines
    answer = served.writer.post("/v1/commands:batch", content=b"\n".join(lines), headers=LINES)
    assert answer.status_code == 200
    answers = [orjson.loads(line) for line in answer.content.splitlines()]
    for one in (*answers, *told):
        for event in one.get("events", ()):
            del event["recordedat"]
    assert answers == told
    assert answers[-1]["outcome"] == "unreadable"


def test_a_batch_with_a_line_of_another_source_is_not_taken_at_all(served: Served) -> None:
    lines = lines_of_calls(1)
    lines[3] = lines[3].replace(b'"test"', b'"webex"')
    answer = served.writer.post("/v1/commands:batch", content=b"\n".join(lines), headers=LINES)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:call-ledger:not-allowed")
    assert all_documents(served.folder) == []


def test_a_desktop_acts_only_as_its_agent(served: Served, make_key: MakeKey) -> None:
    desktop = served.with_key(make_key("writer", "test", "agent-1"))
    receive, offer, answered, *_ = lines_of_calls(1)
    assert served.ask(receive, desktop).status_code == 403
    assert [served.ask(one).status_code for one in (receive, offer)] == [201, 201]
    assert served.ask(answered, desktop).status_code == 201
    assert served.ask(lines_of_calls(1)[0].replace(b"test", b"webex")).status_code == 403


def test_an_id_is_made_where_none_is_given(served: Served) -> None:
    body = RECEIVE % b""
    answer = served.writer.post("/v1/calls/test/1/commands", content=body, headers=JSON)
    assert answer.json()["command_id"] < str(new_command_id())


def test_the_trace_of_a_request_is_kept_with_what_it_came_to_and_a_wrong_one_is_passed_over(
    served: Served,
) -> None:
    trace_parent = f"00-{0xABC:032x}-{0xDEF:016x}-01"
    receive, offer, answer, *_ = lines_of_calls(1)
    client = served.writer
    client.headers["traceparent"] = trace_parent
    assert served.ask(receive, client).status_code == 201
    told = client.post("/v1/commands:batch", content=offer, headers=LINES)
    assert orjson.loads(told.content)["outcome"] == "recorded"
    client.headers["traceparent"] = "no trace"
    assert served.ask(answer, client).status_code == 201
    kept = [orjson.loads(one).get("traceparent") for one in all_documents(served.folder)]
    assert kept == [trace_parent, trace_parent, None]


COMPLETE = '{"type": "call.receive.v1", "actor": "system", "occurred_at": "2026-01-05T10:00:00Z"%s}'


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "}",
        COMPLETE % ',"note": "cut}',
        COMPLETE % "," + "}",
        COMPLETE % "" + COMPLETE % "",
        f"[{COMPLETE % ''}]",
        COMPLETE % ',"call_id": "another"',
        COMPLETE % ',"actor": "twice"',
        COMPLETE % ',"queue": {}',
    ],
)
def test_what_path_and_header_say_makes_no_command_of_what_is_none(body: str) -> None:
    said = {"source": "test", "call_id": "1", "command_id": str(new_command_id())}
    with pytest.raises(Problem) as refused:
        asked_of(body.encode(), said, None)
    assert refused.value.status == 400


@pytest.mark.parametrize("more", ["", ',"call_id": "1"', ',"observed": true', "\n"])
def test_what_path_and_header_say_may_be_in_the_body_too(more: str) -> None:
    said = {"source": "test", "call_id": "1", "command_id": str(new_command_id())}
    command, observed = asked_of((COMPLETE % more).encode(), said, None)
    assert (command.call_id, str(command.command_id)) == ("1", said["command_id"])
    assert observed == ("observed" in more)


def test_the_door_of_commands_and_the_described_operation_are_of_the_same_addresses() -> None:
    described = compile_path(ROUTE)[0]
    for path in (
        "/v1/calls/test/1/commands",
        "/v1/calls/a%2Fb/%E2%82%AC/commands",
        "/v1/calls//1/commands",
        "/v1/calls/test/1/2/commands",
        "/v1/calls/test/1/commands/",
        "/v1/calls/test/commands",
        "/v2/calls/test/1/commands",
    ):
        ours, theirs = PATH.fullmatch(path), described.fullmatch(path)
        assert (ours is None) == (theirs is None), path
        assert ours is None or theirs is None or ours.groups() == theirs.groups()
    assert "post" in application().openapi()["paths"][ROUTE]


def test_a_command_is_not_kept_waiting_by_a_body_that_does_not_come(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LONGEST_BODY_SECONDS", 0.2)

    url = httpx.URL(served.url)
    head = (
        f"POST /v1/calls/test/1/commands HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 2\r\n"
        "Content-Type: application/json\r\n"
        f"Authorization: {served.writer.headers['Authorization']}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 0), timeout=60) as client:
        client.sendall(head.encode() + b"{")
        assert client.recv(4_096).startswith(b"HTTP/1.1 408")
