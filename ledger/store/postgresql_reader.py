"""Reading the event store in PostgreSQL, also after the server went away for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import RLock
from typing import Any, TypeVar

from infra.errors import LedgerUnavailable
from infra.postgresql import Connection, Postgresql
from ledger.store.interface import Soundness, StoreReader
from ledger.store.postgresql_database import (
    TABLE_NAMES,
    explained,
    open_to_read,
    unsoundness,
)

RETRY_SECONDS = 0.2

ROWS_AT_ONCE = 10_000
"""Rows in one answer of the server: measured to be half as fast again as 100,000."""

Read = TypeVar("Read")


class PostgresqlReader(StoreReader):
    """Reads beside the writers, over one connection that is made again when it is lost."""

    JOINED = (
        "string_agg(call::text, ','), string_agg(octet_length(document)::text, ','),"
        " string_agg(document, ''::bytea)"
    )

    def __init__(
        self, server: Postgresql, open_connection: Callable[[Postgresql], Connection]
    ) -> None:
        self._server = server
        self._open_connection = open_connection
        self._one_at_a_time = RLock()
        self._in_turn = self._closed = False
        self.connection = open_connection(server)

    @classmethod
    def open_to_read(cls, server: Postgresql) -> PostgresqlReader:
        """Open the store beside its writers, to read only. Raises as `open_to_read` does."""
        return PostgresqlReader(server, open_to_read)

    def rows(self, query: str, *parameters: object) -> list[Any]:
        """The rows of a query; the bytes come as they are, not as text."""

        def fetch() -> list[Any]:
            cursor = self.connection.cursor(binary=True)
            return cursor.execute(query.replace("?", "%b"), parameters).fetchall()

        return self._read(fetch)

    def _read(self, fetch: Callable[[], Read]) -> Read:
        with self._one_at_a_time:
            if self._in_turn:
                with explained(self._server):
                    return fetch()
            return self._persevering(fetch)

    def _persevering(self, attempt: Callable[[], Read]) -> Read:
        """Try again over a new connection when the server goes away, for a bounded time."""
        if self._closed:
            raise LedgerUnavailable("The ledger is closed: open it again.")
        deadline = time.monotonic() + self._server.patience_seconds / 2
        while True:
            try:
                if self.connection.closed:
                    self.connection = self._open_connection(self._server)
                with explained(self._server):
                    done = attempt()
                if not self.connection.closed:
                    return done
            except LedgerUnavailable:
                if not self.connection.closed or time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise self._lost_for_long()
            time.sleep(RETRY_SECONDS)

    def _lost_for_long(self) -> LedgerUnavailable:
        return LedgerUnavailable(
            f"The connection to {self._server} is lost again and again: "
            "check the server and the network, and send the commands again."
        )

    def events_after(self, position: int, limit: int) -> list[tuple[int, int, bytes]]:
        """The next events; fetched in parts, because the driver is slow with large answers."""
        events: list[tuple[int, int, bytes]] = []
        while len(events) < limit:
            part = super().events_after(position, min(ROWS_AT_ONCE, limit - len(events)))
            if not part:
                break
            events += part
            position = part[-1][0]
        return events

    def size_bytes(self) -> int:
        """The size of the ledger's tables with their indexes."""
        tables = ", ".join(f"('{table}')" for table in TABLE_NAMES)
        ((size_bytes,),) = self.rows(
            "SELECT sum(pg_total_relation_size(name::regclass))::bigint"
            f" FROM (VALUES {tables}) AS tables (name)"
        )
        return int(size_bytes)

    def soundness(self) -> Soundness:
        """Whether the server keeps what it commits, and has all that the ledger needs."""
        ((version, fsync, checksums),) = self.rows(
            "SELECT current_setting('server_version'), current_setting('fsync'),"
            " current_setting('data_checksums')"
        )
        says = f"PostgreSQL {version}, fsync {fsync}, data checksums {checksums}"
        unsound = self._read(lambda: unsoundness(self.connection))
        return Soundness(fsync == "on" and not unsound, f"{says}; {unsound}" if unsound else says)

    def close(self) -> None:
        """Close the connection."""
        with self._one_at_a_time:
            self._closed = True
            self.connection.close()
