"""Clients without a browser that have entered."""

from __future__ import annotations

import httpx

from tests.console.reading import key_of
from tests.http.clients import Served


def entered(served: Served, role: str) -> httpx.Client:
    client = served.with_key(None)
    answer = send(client, "/console/enter", {"key": key_of(served, role)})
    assert answer.status_code == 303
    client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
    return client


def send(client: httpx.Client, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
    origin = str(client.base_url).rstrip("/")
    return client.post(path, data=form, headers={"Origin": origin, **headers})
