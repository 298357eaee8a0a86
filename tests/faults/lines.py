"""A line on loopback that can be cut: packets vanish then, both ways, and nobody is told.

The kernel itself drops what comes in, before it is acknowledged, by an empty packet filter on the
line's sockets; so whoever sends, asks for a sign of life, or connects, waits as with a pulled plug.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ATTACH_FILTER, DETACH_FILTER = 26, 27
DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
FILTER = struct.pack("HL", 1, ctypes.addressof(DROP_ALL))
HOST = "127.0.0.1"


class Line:
    """Forwards connections from its own port to a server's."""

    def __init__(self, port: int = 0) -> None:
        """Listen on the port, or on a free one; where it leads is said by `lead_to`."""
        self._listener = socket.create_server((HOST, port))
        self.port: int = self._listener.getsockname()[1]
        self._server: int | None = None
        self._sockets: set[socket.socket] = set()
        self._whole = threading.Event()
        self._whole.set()
        self._closed = False
        self._one_at_a_time = threading.RLock()

    def lead_to(self, port: int) -> None:
        """Begin to forward to this port."""
        self._server = port
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._sockets) // 2

    def cut(self) -> None:
        """Let every packet vanish from now on."""
        with self._one_at_a_time:
            self._whole.clear()
            for one in (self._listener, *self._sockets):
                one.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, FILTER)

    def heal(self) -> None:
        """Let packets through again; connections that one side has given up come to their end."""
        with self._one_at_a_time:
            for one in (self._listener, *self._sockets):
                one.setsockopt(socket.SOL_SOCKET, DETACH_FILTER, 0)
            for one in self._sockets:
                ask_for_life(one)
            self._whole.set()

    def close(self) -> None:
        """End the line and everything on it."""
        with self._one_at_a_time:
            self._closed = True
            self._whole.set()
            for one in (self._listener, *self._sockets):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _accept(self) -> None:
        assert self._server is not None
        while not self._closed:
            with suppress(OSError):
                client, _ = self._listener.accept()
                self._whole.wait()
                try:
                    server = socket.create_connection((HOST, self._server), timeout=5)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                with self._one_at_a_time:
                    self._sockets |= {client, server}
                    if not self._whole.is_set():
                        self.cut()
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._whole.wait()
                target.sendall(data)
        self._whole.wait()
        with self._one_at_a_time:
            for one in (source, target):
                self._sockets.discard(one)
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        source.close()


def ask_for_life(one: socket.socket) -> None:
    """Have the kernel find out within seconds whether the other side still has the connection."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
        one.setsockopt(socket.IPPROTO_TCP, option, 1)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


@contextmanager
def lines(count: int) -> Iterator[list[Line]]:
    """So many lines, which lead nowhere yet."""
    made = [Line() for _ in range(count)]
    try:
        yield made
    finally:
        for one in made:
            one.close()
