"""`docs/api.http` is run as it stands, and has every operation."""

from __future__ import annotations

import re
from typing import NamedTuple

from entrypoints.http.application import application
from tests.entrypoints.calling import ROOT
from tests.http.clients import Served
from tests.http.conftest import MakeKey

PAGE = (ROOT / "docs" / "api.http").read_text("utf-8")
NOT_ASKED = {"/v1/webhooks/webex"}
"""Another system signs it: docs/how-to/webhook.md."""


class Written(NamedTuple):
    """A request of the page, and the status that its heading promises."""

    method: str
    address: str
    headers: dict[str, str]
    body: str
    status: int


def requests_in(text: str) -> list[Written]:
    written = []
    for part in text.split("\n### ")[1:]:
        heading, _, rest = part.partition("\n")
        head, _, body = rest.partition("\n\n")
        line, *headers = head.splitlines()
        method, _, address = line.partition(" ")
        promised = re.search(r"Answers (\d{3})\.$", heading)
        assert promised, heading
        written.append(
            Written(
                method,
                address,
                dict(one.split(": ", 1) for one in headers),
                body.strip(),
                int(promised[1]),
            )
        )
    return written


def test_each_request_has_the_answer_that_its_heading_promises(
    served: Served, make_key: MakeKey
) -> None:
    keys = {role: make_key(role) for role in ("analyst", "auditor", "admin")}
    values = {"url": "", "writer": make_key("writer", "desk"), **keys}
    for one in requests_in(re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], PAGE)):
        answer = served.nobody.request(
            one.method, one.address, headers=one.headers, content=one.body
        )
        assert answer.status_code == one.status, (one, answer.text)


def test_every_operation_is_there() -> None:
    asked = {(one.method, one.address) for one in requests_in(PAGE)}
    for path, methods in application().openapi()["paths"].items():
        shape = re.sub(r"\\\{\w+\\\}", "[^/?]+", re.escape(path)) + r"(\?.*)?"
        for method in methods:
            assert path in NOT_ASKED or any(
                verb == method.upper() and re.fullmatch(shape, address.removeprefix("{{url}}"))
                for verb, address in asked
            ), (method, path)
