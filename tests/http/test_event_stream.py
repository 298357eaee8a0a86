"""Events as they become durable: each once, in order, from a position on, whoever is slow."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import orjson
import psutil
import pytest

from entrypoints.http.access_log import FILE_NAME
from entrypoints.http.application import application
from entrypoints.http.connection import BoundedConnection
from entrypoints.http.event_tail import RECENT_EVENTS, EventTail
from entrypoints.http.server import listening
from entrypoints.http.service import Limits, Service
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from infra.local.postgresql import LocalPostgresql
from infra.local.servers import wait_until
from ledger.intake import Defaults, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Recorded
from tests.entrypoints.calling import call
from tests.http.clients import Served
from tests.http.process import key_in, serving
from tests.ledger.lines import all_documents, lines_of_calls
from tests.ledger.scenes import command
from tests.ledger.stores import PostgresqlStore, ledger_at

HEARTBEAT_SECONDS = 0.2
STREAM = "/v1/events/stream"


class Message(NamedTuple):
    position: int
    type: str
    document: bytes


class Impatient(BoundedConnection):
    unread_seconds = 3.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(
        LedgerFolder(tmp_path / "ledger"), limits=Limits(streams=3, streams_of_one=2)
    ) as service:
        service.tail.heartbeat_seconds = HEARTBEAT_SECONDS
        yield service


@pytest.fixture
def served(service: Service) -> Iterator[Served]:
    app = application(service)
    with (
        listening(app, "127.0.0.1", 0, connection=Impatient) as there,
        Served(service.folder, there.url) as served,
    ):
        yield served


def messages_in(answer: httpx.Response) -> Iterator[Message]:
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "data" in fields:
                yield Message(int(fields["id"]), fields["event"], fields["data"].encode())
            fields = {}


@contextmanager
def following(
    served: Served, client: httpx.Client | None = None, /, **query: str | int | list[str]
) -> Iterator[Iterator[Message]]:
    with (client or served.auditor).stream("GET", STREAM, params=query) as answer:
        assert answer.status_code == 200, answer.read()
        yield messages_in(answer)


def record(service: Service, calls: int, first: int = 0) -> None:
    lines = lines_of_calls(calls, first)
    defaults = Defaults(occurred_at="2026-01-01T00:00:00Z")
    service.ledger.record_many([read_request(line, defaults) for line in lines])


def record_each(service: Service, calls: int) -> None:
    for number in range(calls):
        record(service, 1, number)


def told(served: Served, **query: str | int | list[str]) -> list[Message]:
    """All that there is to tell now."""
    with following(served, until_end=1, **query) as messages:
        return list(messages)


def test_an_event_is_told_when_it_is_recorded_with_its_position_and_its_document(
    served: Served,
) -> None:
    served.ask(lines_of_calls(1)[0])
    with following(served) as messages:
        for line in lines_of_calls(1)[1:3]:
            answer = served.ask(line)
            message = next(messages)
            assert message.position == answer.json()["position"]
            assert message.document == all_documents(served.folder)[message.position - 1]
            assert message.type == orjson.loads(message.document)["type"]


def test_every_event_is_told_once_to_whoever_goes_away_and_comes_back_while_others_write(
    served: Served, service: Service
) -> None:
    calls = RECENT_EVENTS // 7 + 200
    seen: list[Message] = []
    with ThreadPoolExecutor(1) as writer:
        written = writer.submit(record_each, service, calls)
        while len(seen) < 7 * calls:
            if written.done():
                written.result()
            headers = {"Last-Event-ID": str(seen[-1].position if seen else 0)}
            with served.auditor.stream("GET", f"{STREAM}?after=7", headers=headers) as answer:
                for _, message in zip(range(1_500), messages_in(answer), strict=False):
                    seen.append(message)
                    if len(seen) == 7 * calls:
                        break
    assert [one.position for one in seen] == [*range(1, 7 * calls + 1)]
    assert [one.document for one in seen] == all_documents(served.folder)


def test_a_stream_has_only_the_events_that_are_asked_for(served: Served, service: Service) -> None:
    record(service, 5)
    documents = [orjson.loads(one) for one in all_documents(served.folder)]
    asked = ["call.offered.v1", "call.ended.v1"]
    expected: list[tuple[dict[str, str | list[str]], list[object]]] = [
        ({"call_id": "call-3"}, [one for one in documents if one["subject"] == "call-3"]),
        ({"type": asked}, [one for one in documents if one["type"] in asked]),
        ({"source": "test"}, documents),
        ({"source": "webex"}, []),
    ]
    for query, events in expected:
        found = told(served, after=0, **query)
        assert [orjson.loads(one.document) for one in found] == events


def test_a_stream_without_news_says_where_it_is(served: Served, service: Service) -> None:
    record(service, 1)
    query = {"after": "0", "call_id": "another"}
    with served.auditor.stream("GET", STREAM, params=query) as answer:
        lines = answer.iter_lines()
        said = [next(lines) for _ in range(5)]
    assert said[2:] == [": nothing else up to position 7", "id: 7", ""]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"after": "8"}, "at position 7, and 8 is still to come"),
        ({"after": "-1"}, "after"),
        ({"type": "call.flown.v1"}, "no type of event"),
    ],
)
def test_a_stream_that_makes_no_sense_is_said_to_make_none(
    query: dict[str, str], says: str, served: Served, service: Service
) -> None:
    record(service, 1)
    answer = served.auditor.get(STREAM, params=query)
    assert (answer.status_code, says in answer.json()["detail"]) == (400, True)
    assert service.tail.streams == 0


def test_there_are_so_many_streams_and_no_more(served: Served, service: Service) -> None:
    other = served.with_key(key_in(served.folder.path, "auditor"))
    with following(served), following(served), following(served, other):
        for client in (served.auditor, other):
            refused = client.get(STREAM)
            assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (503, True)
    assert wait_until(lambda: service.tail.streams == 0, 60)
    with following(served):
        assert service.tail.streams == 1


def test_one_key_follows_so_many_streams_and_leaves_the_others_their_own(
    served: Served, service: Service
) -> None:
    other = served.with_key(key_in(served.folder.path, "auditor"))
    with following(served):
        with following(served):
            refused = served.auditor.get(STREAM)
            assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
            assert "You follow 2 streams" in refused.json()["detail"]
            with following(served, other):
                assert service.tail.streams == 3
        assert wait_until(lambda: service.tail.streams == 1, 60)
        with following(served):
            assert service.tail.streams == 2


def test_who_does_not_read_is_cut_off_and_may_resume(served: Served, service: Service) -> None:
    record(service, 1_000)
    host, _, port = served.url.removeprefix("http://").partition(":")
    asked = f"GET {STREAM}?after=0 HTTP/1.1\r\nHost: ledger\r\nAuthorization: "
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect((host, int(port)))
        slow.sendall(f"{asked}{served.auditor.headers['authorization']}\r\n\r\n".encode())
        assert wait_until(lambda: service.tail.streams == 1, 60)
        assert len(told(served, after=0)) == 7_000
        assert wait_until(lambda: service.tail.streams == 0, 60)


def test_a_stream_ends_with_its_key(served: Served) -> None:
    with served.auditor.stream("GET", STREAM) as answer:
        lines = answer.iter_lines()
        next(lines)
        (served.folder.path / "keys.json").unlink()
        assert list(lines)[-1] == ""
    assert served.auditor.get(STREAM).status_code == 401


def test_a_stream_is_logged_once_before_anything_is_told(served: Served, service: Service) -> None:
    record(service, 1)
    assert len(told(served, after=2, call_id="call-0")) == 5
    log = served.auditor.get("/v1/readings").json()["readings"]
    assert [(one["operation"], one["address"]) for one in log[:-1]] == [
        ("follow events", f"{STREAM}?until_end=1&after=2&call_id=call-0")
    ]
    headers = {"Last-Event-ID": "6"}
    assert "call-0" in served.auditor.get(f"{STREAM}?until_end=1", headers=headers).text
    log = served.auditor.get("/v1/readings").json()["readings"]
    assert log[-2]["address"] == f"{STREAM}?until_end=1 Last-Event-ID: 6"
    with sqlite3.connect(served.folder.path / FILE_NAME) as connection:
        connection.execute(
            "create trigger nothing_more before insert on readings"
            " begin select raise(abort, 'no'); end"
        )
    refused = served.auditor.get(f"{STREAM}?after=0")
    assert (refused.status_code, "call-0" in refused.text) == (503, False)


def test_streams_end_when_the_process_does(tmp_path: Path) -> None:
    with Service(LedgerFolder(tmp_path)) as service:
        with listening(application(service), "127.0.0.1", 0) as there:
            served = Served(service.folder, there.url)
            answer = served.auditor.send(served.auditor.build_request("GET", STREAM), stream=True)
        # Whoever waits in vain is cut off, which httpx takes for an error.
        assert answer.read() == b"retry: 2000\n\n"
        served.__exit__()


def test_who_follows_refusals_does_not_wait_for_one_that_is_there_already(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.record(command("receive", "system", "one", queue="sales"))
        assert not isinstance(ledger.record(command("hold", "system", "one")), Recorded)

    async def waited() -> tuple[int, int]:
        tail = EventTail(LedgerFolder(tmp_path))
        position = await tail.begin("a key")
        for _ in range(2):
            # The first time it may come, the second time it is there.
            assert not await asyncio.wait_for(tail.after(position, 600, 0), 60)
        (refused,) = tail.refused_after(0)
        assert (refused.source, refused.call_id) == ("test", "one")
        tail.stop()
        with pytest.raises(LedgerError):
            await asyncio.wait_for(tail.after(position, 600, refused.number), 60)
        tail.end("a key")
        return position, refused.number

    assert asyncio.run(waited()) == (1, 1)


def test_events_that_another_process_records_in_postgresql_are_told(
    tmp_path: Path, postgresql: LocalPostgresql
) -> None:
    store = PostgresqlStore.new(postgresql.url)
    folder, other = ledger_at(tmp_path / "one", store.url), ledger_at(tmp_path / "two", store.url)
    with (
        Service(folder) as service,
        listening(application(service), "127.0.0.1", 0) as there,
        Served(folder, there.url) as served,
        Ledger.open(other) as ledger,
        following(served) as messages,
    ):
        for line in lines_of_calls(1)[:3]:
            outcome = ledger.record(*read_request(line, Defaults(occurred_at="2026-01-01")))
            assert isinstance(outcome, Recorded)
            message = next(messages)
            assert message.position == outcome.position
            assert message.document == all_documents(folder)[message.position - 1]


IDLE_STREAMS = 250
MOST_KILOBYTES_EACH = 80
"""With these 2,000 of them take 160 MB, beside some 130 MB of the process."""


@pytest.mark.slow
def test_streams_without_news_take_little_memory(tmp_path: Path) -> None:
    key = key_in(tmp_path, "auditor")
    call(tmp_path, "record", "receive", "--call", "1", "--actor", "system")
    with serving(tmp_path) as (process, url), ExitStack() as opened:
        host, _, port = url.removeprefix("http://").partition(":")
        asked = f"GET {STREAM} HTTP/1.1\r\nHost: ledger\r\nAuthorization: Bearer {key}\r\n\r\n"
        sizes_bytes = []
        for _ in range(IDLE_STREAMS):
            client = opened.enter_context(socket.create_connection((host, int(port)), 30))
            client.sendall(asked.encode())
            assert client.recv(4_096).startswith(b"HTTP/1.1 200")
            sizes_bytes.append(psutil.Process(process.pid).memory_info().rss)
    # What the first ones load is not theirs.
    each_bytes = (sizes_bytes[-1] - sizes_bytes[49]) / (IDLE_STREAMS - 50)
    print(f"{each_bytes / 1_000:.0f} KB for each stream, {sizes_bytes[0] / 1e6:.0f} MB before")
    assert each_bytes < MOST_KILOBYTES_EACH * 1_000
