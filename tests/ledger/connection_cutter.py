"""A line to PostgreSQL that breaks exactly before or after a COMMIT, or once it was answered."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

COMMIT = b"COMMIT\x00"
"""What is in the message for it, with the rows before it in the same piece."""

READY = b"Z\0\0\0\5I"
"""What a server says last of all once it has committed."""

SAYS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
ENDED = b"E" + (4 + len(SAYS)).to_bytes(4, "big") + SAYS
"""What it says in place of it where an administrator ends the connection just then."""

HEARD_SECONDS = 0.5
"""For so long that is heard before the line is seen to be gone."""


class ConnectionCutter:
    """Forwards connections to the server, and cuts the one that commits next when asked to."""

    def __init__(self, server_url: str) -> None:
        parts = urlsplit(server_url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._server = (parts.hostname, parts.port)
        self._open = ExitStack()
        self._listener = self._open.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = self._listener.getsockname()[1]
        self.url = server_url.replace(f":{parts.port}/", f":{port}/")
        self.cuts = 0
        self._lines: list[socket.socket] = []
        self._moment: str | None = None
        self._ended: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut_next(self, moment: str) -> None:
        assert moment in ("before COMMIT", "after COMMIT", "instead of READY")
        self._moment = moment

    def __enter__(self) -> ConnectionCutter:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listener, *self._lines):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for one in (client, server):
                self._lines.append(self._open.enter_context(one))
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for forward in (self._to_server, self._to_client):
                thread = threading.Thread(target=forward, args=(client, server), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(1 << 16):
                moment = self._moment if COMMIT in piece else None
                if moment is None:
                    server.sendall(piece)
                    continue
                self._moment = None
                self.cuts += 1
                if moment == "instead of READY":
                    self._ended.add(server)
                    server.sendall(piece)
                    continue
                # The client hears nothing any more; the server does, or does not.
                client.shutdown(socket.SHUT_RDWR)
                heard = piece if moment == "after COMMIT" else piece[: piece.index(COMMIT)]
                server.sendall(heard)
                break
        hang_up(server)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := server.recv(1 << 16):
                if server in self._ended and piece.endswith(READY):
                    client.sendall(piece.removesuffix(READY) + ENDED)
                    time.sleep(HEARD_SECONDS)
                    break
                client.sendall(piece)
        hang_up(client)


def hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_WR)
