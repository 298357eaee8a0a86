"""What a client sends is counted as it comes, and has its time."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from entrypoints.http.application import application
from entrypoints.http.connection import LONGEST_HEAD_SECONDS, BoundedConnection
from entrypoints.http.limits import BodyTooLarge, BodyTooSlow, BoundedBody
from entrypoints.http.server import listening
from infra.local.servers import wait_until
from tests.http.clients import Served

SCOPE: Scope = {"type": "http"}


async def nothing(_: Message) -> None:
    """Nobody listens."""


def taken(
    pieces: Sequence[bytes],
    pause_seconds: float = 0.0,
    longest_seconds: float = 60.0,
    largest_bytes: int = 10,
) -> bytes:
    """What an application behind the bounds gets."""
    got: list[bytes] = []

    async def application(_: Scope, receive: Receive, __: Send) -> None:
        while (message := await receive())["more_body"]:
            got.append(message["body"])
        got.append(message["body"])

    remaining = list(pieces)

    async def receive() -> Message:
        await asyncio.sleep(pause_seconds)
        piece = remaining.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(remaining)}

    bounded = BoundedBody(application, largest_bytes, longest_seconds)
    asyncio.run(bounded(SCOPE, receive, nothing))
    return b"".join(got)


def test_a_body_within_the_bounds_is_taken_whole() -> None:
    assert taken([b"12345", b"67890"]) == b"1234567890"
    assert taken([b""]) == b""


@pytest.mark.parametrize("pieces", [[b"12345678901"], [b"12345", b"678901"], [b"1"] * 11])
def test_a_body_beyond_them_is_not(pieces: list[bytes]) -> None:
    with pytest.raises(BodyTooLarge, match="At most 10 bytes"):
        taken(pieces)


def test_a_body_that_comes_too_slowly_is_not_waited_for() -> None:
    with pytest.raises(BodyTooSlow, match="slower than 1,000 bytes a second"):
        taken([b"1"] * 10, pause_seconds=0.05, longest_seconds=0.2)


def test_a_body_that_comes_slowly_and_steadily_is_taken_whole() -> None:
    pieces = [b"1" * 10_000] * 5
    assert taken(pieces, 0.1, longest_seconds=0.3, largest_bytes=50_000) == b"".join(pieces)


class Impatient(BoundedConnection):
    longest_bytes = 1_000
    longest_seconds = 0.3
    unread_seconds = 0.3


class Thrifty(BoundedConnection):
    """Takes little, and is in no hurry."""

    longest_bytes = 1_000


class Patient(BoundedConnection):
    """Gives up soon, and not on those who are held up by a busy machine."""

    longest_seconds = 3.0
    unread_seconds = 3.0


class Demanding(BoundedConnection):
    """Expects more than anybody takes."""

    unread_seconds = 1.0
    least_bytes_per_second = 1e12


@pytest.fixture(scope="module")
def impatient() -> Iterator[str]:
    with listening(application(), "127.0.0.1", 0, connection=Impatient) as there:
        yield there.url


def connected(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def answered(url: str, *pieces: bytes) -> bytes:
    """All that comes until the connection is closed."""
    with connected(url) as client:
        received = b""
        with suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece)
            while piece := client.recv(65_536):
                received += piece
        return received


ASKED = b"GET /livez HTTP/1.1\r\nHost: ledger\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"GET /li"],
        [ASKED],
        [ASKED, *[b"X-More: " + b"x" * 500 + b"\r\n"] * 4],
    ],
    ids=["silent", "a part of a line", "no end", "too long"],
)
def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(
    pieces: list[bytes], impatient: str
) -> None:
    assert answered(impatient, *pieces) == b""


def test_a_second_head_on_a_connection_is_bounded_too() -> None:
    with listening(application(), "127.0.0.1", 0, connection=Patient) as there:
        assert answered(there.url, ASKED + b"\r\n", ASKED).count(b"200 OK") == 1
        with httpx.Client(base_url=there.url) as client:
            assert [client.get("/livez").status_code for _ in range(3)] == [200] * 3


def test_line_ends_alone_are_no_way_to_keep_a_connection() -> None:
    with (
        listening(application(), "127.0.0.1", 0, connection=Impatient) as there,
        connected(there.url) as client,
    ):
        client.sendall(ASKED + b"\r\n")
        assert b"200 OK" in client.recv(65_536)
        client.settimeout(0.05)
        for _ in range(100):
            try:
                client.sendall(b"\r\n")
                if client.recv(65_536) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
        pytest.fail("It is connected still.")


def test_line_ends_are_counted_before_a_request_and_after_it() -> None:
    with listening(application(), "127.0.0.1", 0, connection=Thrifty) as there:
        begun = time.monotonic()
        assert answered(there.url, b"\r\n" * 501) == b""
        assert answered(there.url, ASKED + b"\r\n", *[b"\r\n" * 50] * 30).count(b"200 OK") <= 1
        assert time.monotonic() - begun < LONGEST_HEAD_SECONDS


def test_a_line_end_or_two_between_requests_are_passed_over() -> None:
    with (
        listening(application(), "127.0.0.1", 0, connection=Patient) as there,
        connected(there.url) as client,
    ):
        for _ in range(3):
            client.sendall(ASKED + b"\r\n")
            client.sendall(b"\r\n")
            assert b"200 OK" in client.recv(65_536)
            client.sendall(b"\r\n")


CHUNKED = ASKED + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "piece",
    [b"X-More: " + b"x" * 500 + b"\r\n", b"x" * 500],
    ids=["many trailers", "one without an end"],
)
def test_trailers_are_counted_and_no_way_to_take_memory(piece: bytes) -> None:
    with listening(application(), "127.0.0.1", 0, connection=Thrifty) as there:
        begun = time.monotonic()
        first = CHUNKED + b"0\r\n" + (b"" if piece.startswith(b"X-") else b"X-More: ")
        assert answered(there.url, first, *[piece] * 20).count(b"200 OK") <= 1
        assert time.monotonic() - begun < LONGEST_HEAD_SECONDS


def test_what_stands_around_chunks_is_counted() -> None:
    with listening(application(), "127.0.0.1", 0, connection=Thrifty) as there:
        assert answered(there.url, CHUNKED + b"1;x=", *[b"x" * 500] * 20).count(b"200 OK") <= 1


def test_a_body_of_the_smallest_chunks_is_taken_whole(large: FastAPI) -> None:
    with (
        listening(large, "127.0.0.1", 0, connection=Thrifty) as there,
        connected(there.url) as client,
    ):
        head = b"POST /counted HTTP/1.1\r\nHost: ledger\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head + b"1\r\nx\r\n" * 5_000)
        client.sendall(b"0\r\nDigest: none\r\n\r\n")
        assert client.recv(65_536).endswith(b"5000")


def test_line_ends_do_not_cut_off_an_answer_that_is_under_way(large: FastAPI) -> None:
    with (
        listening(large, "127.0.0.1", 0, connection=Patient) as there,
        connected(there.url) as client,
    ):
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: ledger\r\n\r\n")
        time.sleep(0.1)
        client.sendall(b"\r\n")
        assert b"at last" in client.recv(65_536)


LARGE = b"x" * 40_000_000
"""More than the machine itself takes in between."""


async def counted(request: Request) -> Response:
    """How many bytes the body had."""
    return Response(str(len(await request.body())))


def answer_slowly() -> Response:
    """After more time than any head has."""
    time.sleep(1.2 * Patient.longest_seconds)
    return Response(b"at last")


@pytest.fixture
def large() -> FastAPI:
    """Whole answers and streams that are large, for clients who should take them."""
    app = FastAPI()
    app.add_api_route("/whole", lambda: Response(LARGE))
    app.add_api_route("/slow", answer_slowly)
    app.add_api_route("/counted", counted, methods=["POST"])
    app.add_api_route("/stream", lambda: StreamingResponse(iter([LARGE] * 2)))
    return app


@pytest.mark.parametrize("path", ["whole", "stream"])
@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_an_answer_that_is_not_taken_is_not_kept_for_ever(
    path: str, connection: str, large: FastAPI
) -> None:
    asked = f"GET /{path} HTTP/1.1\r\nHost: ledger\r\nConnection: {connection}\r\n\r\n"
    with (
        listening(large, "127.0.0.1", 0, connection=Impatient) as there,
        connected(there.url) as client,
    ):
        client.sendall(asked.encode())
        received = len(client.recv(1_000))
        assert wait_until(lambda: not large.state.connections, 60)
        with suppress(ConnectionError):
            while piece := client.recv(1_000_000):
                received += len(piece)
        assert received < len(LARGE)


SMALL_BYTES = 16_384
"""What a client's own system keeps for it at least, where it is asked to keep little."""


def asking_little_by_little(url: str) -> socket.socket:
    """A client that has asked for the large answer, and whose system takes little ahead of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BYTES)
    client.settimeout(60)
    host, _, port = url.removeprefix("http://").partition(":")
    client.connect((host, int(port)))
    client.sendall(b"GET /whole HTTP/1.1\r\nHost: ledger\r\nConnection: close\r\n\r\n")
    return client


def test_what_a_client_has_taken_is_known_soon_however_slow_it_is(large: FastAPI) -> None:
    with (
        listening(large, "127.0.0.1", 0) as there,
        asking_little_by_little(there.url) as client,
    ):
        received = sum(len(client.recv(SMALL_BYTES)) for _ in range(60))
        (connection,) = large.state.connections
        assert connection.transport.taken_bytes < received + 1_000_000


def test_who_takes_an_answer_slowly_and_steadily_gets_all_of_it(large: FastAPI) -> None:
    taken = 0
    with (
        listening(large, "127.0.0.1", 0, connection=Patient) as there,
        httpx.Client(base_url=there.url) as client,
        client.stream("GET", "/whole") as answer,
    ):
        for number, piece in enumerate(answer.iter_raw()):
            taken += len(piece)
            if number % 50 == 0:
                # A pause for many pieces: a busy machine makes each of them take long.
                time.sleep(Patient.unread_seconds / 10)
    assert taken == len(LARGE)


def test_an_answer_has_no_longer_than_its_bytes_take_at_the_least_rate(large: FastAPI) -> None:
    received = 0
    with (
        listening(large, "127.0.0.1", 0, connection=Demanding) as there,
        asking_little_by_little(there.url) as client,
        suppress(ConnectionError),
    ):
        while piece := client.recv(SMALL_BYTES):
            received += len(piece)
            time.sleep(0.01)
    assert 0 < received < len(LARGE)


def test_connections_are_attended_to_by_the_event_loop_in_c() -> None:
    app = FastAPI()

    @app.get("/loop")
    async def loop() -> str:
        return type(asyncio.get_running_loop()).__module__

    with listening(app, "127.0.0.1", 0) as there:
        assert httpx.get(f"{there.url}/loop").json() == "uvloop"


def test_slow_clients_hurt_nobody(served: Served) -> None:
    body = b"POST /v1/commands:batch HTTP/1.1\r\nHost: l\r\nContent-Length: 1000\r\n\r\nx"
    with ExitStack() as stack:
        for sent in (b"", b"GET /v1/ru", body) * 100:
            slow = stack.enter_context(connected(served.url))
            slow.sendall(sent)
        for _ in range(20):
            answer = served.auditor.get("/v1/rules", timeout=LONGEST_HEAD_SECONDS)
            assert answer.status_code == 200


def test_who_comes_when_too_many_are_connected_is_told_to_come_again(served: Served) -> None:
    app = application()
    app.most_connections = 3
    with (
        listening(app, "127.0.0.1", 0) as there,
        ExitStack() as stack,
        httpx.Client(base_url=there.url) as client,
    ):
        assert client.get("/livez").status_code == 200
        for _ in range(3):
            stack.enter_context(connected(there.url))
        assert wait_until(lambda: client.get("/livez").status_code == 503, 60)
        answer = client.get("/livez")
        assert (answer.json()["status"], answer.headers["retry-after"]) == (503, "2")
        stack.close()
        assert wait_until(lambda: client.get("/livez").status_code == 200, 60)
