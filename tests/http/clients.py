"""Clients of a served ledger."""

from __future__ import annotations

import ssl
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson

from entrypoints.http.keys import ApiRole, Keys
from infra.folder import LedgerFolder

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here goes by TLS, and to load whom to trust is most of what making a client takes."""

NOTHING_MORE = (
    "create trigger nothing_more before insert on readings begin select raise(abort, 'no'); end"
)
"""Asked of an access log, lets nobody write into it any more."""

JSON = {"Content-Type": "application/json"}


class Served:
    """A ledger with its address, and a client a role."""

    def __init__(self, folder: LedgerFolder, url: str) -> None:
        self.folder, self.url = folder, url
        self._clients = ExitStack()
        self.nobody = self.with_key(None)
        self.writer = self.with_key(self._key("writer", "test"))
        self.analyst = self.with_key(self._key("analyst"))
        self.auditor = self.with_key(self._key("auditor"))
        self.admin = self.with_key(self._key("admin"))

    def with_key(self, key: str | None) -> httpx.Client:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return self._clients.enter_context(
            httpx.Client(
                base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS
            )
        )

    def _key(self, role: str, source: str | None = None) -> str:
        now = datetime.now(UTC)
        keys = Keys(self.folder)
        return keys.make(ApiRole(role), source, None, "a test", now, timedelta(days=1))[1]

    def ask(
        self, line: bytes, client: httpx.Client | None = None, if_match: str | None = None
    ) -> httpx.Response:
        """Ask what a JSON line asks, with its id and call where HTTP has them."""
        said = orjson.loads(line)
        where = f"/v1/calls/{said.pop('source')}/{said.pop('call_id')}/commands"
        sent = {**JSON, "Idempotency-Key": said.pop("command_id")}
        if if_match is not None:
            sent["If-Match"] = if_match
        return (client or self.writer).post(where, content=orjson.dumps(said), headers=sent)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: Any) -> None:
        self._clients.close()
