"""TLS in front of a PostgreSQL: the server of the package was built without it.

It answers as PostgreSQL does when a client asks for TLS, and hands the rest on as it is.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.local.servers import HOST

ASKS_FOR_TLS = (80877103).to_bytes(4, "big")


@contextmanager
def tls_front(port: int, certificate: Path, key: Path) -> Iterator[int]:
    """Yield the port that answers with this certificate, and leads to the other port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def converse(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while (await reader.readexactly(8))[4:] != ASKS_FOR_TLS:
                writer.write(b"N")
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(context)
            from_server, to_server = await asyncio.open_connection(HOST, port)
            await asyncio.gather(hand_on(reader, to_server), hand_on(from_server, writer))
        writer.close()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = asyncio.start_server(converse, HOST, 0)
    server = asyncio.run_coroutine_threadsafe(serving, loop).result(30)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(closed(server), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def hand_on(reader: StreamReader, writer: StreamWriter) -> None:
    """Everything from one to the other, until there is no more."""
    try:
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    finally:
        writer.close()


async def closed(server: asyncio.Server) -> None:
    """Close the server and what is still connected to it."""
    server.close()
    conversations = asyncio.all_tasks() - {asyncio.current_task()}
    for one in conversations:
        one.cancel()
    await asyncio.gather(*conversations, return_exceptions=True)
