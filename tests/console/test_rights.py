"""No page for who may not see it, and none that is not in the access log."""

from __future__ import annotations

import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from entrypoints.console.rooms import routes
from entrypoints.console.static_files import FOLDER, address
from entrypoints.http.access_log import FILE_NAME
from entrypoints.http.keys import ApiRole
from entrypoints.http.permissions import permission_of
from tests.console.entering import entered
from tests.http.clients import NOTHING_MORE, Served
from tests.http.conftest import served_in
from tests.ledger.lines import lines_of_calls

HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
"""The SHA-256 of `dist/htmx.min.js` in htmx.org 4.0.1, as npm has it."""

PAGES = [
    (route.path, permission)
    for route in routes()
    if isinstance(route, APIRoute)
    and "GET" in (route.methods or ())
    and (permission := permission_of(route)) is not None
]


@pytest.mark.parametrize("role", [role for role in ApiRole if role is not ApiRole.WRITER])
def test_each_page_is_for_its_roles_and_for_nobody_else(role: ApiRole, week: Served) -> None:
    client = entered(week, role)
    for path, permission in PAGES:
        where = path.format(
            source="centre", call_id="A", name="exits", version=1, key_id="none", number=1
        )
        # What is streamed has no end.
        with client.stream("GET", where) as shown:
            assert (shown.status_code != 403) == (role in permission.roles), path
            assert shown.status_code in {200, 303, 403, 404}, path


def test_what_cannot_be_logged_is_not_shown(tmp_path: Path) -> None:
    with served_in(tmp_path / "ledger") as served:
        served.ask(lines_of_calls(1)[0])
        client = entered(served, "auditor")
        with sqlite3.connect(served.folder.path / FILE_NAME) as connection:
            connection.execute(NOTHING_MORE)
        for path in ("find", "calls/test/call-0", "reports/exits", "reports/exits.csv"):
            answer = client.get(f"/console/{path}")
            assert answer.status_code == 503, path
            assert "nothing is read that is not logged" in answer.text
            assert "call-0" not in answer.text.replace("/call-0", "")


def test_htmx_is_the_one_that_was_published_and_has_its_licence(week: Served) -> None:
    content = week.nobody.get(address("htmx.min.js")).content
    assert sha256(content).hexdigest() == HTMX
    assert "Zero-Clause BSD" in (FOLDER / "htmx-LICENSE.txt").read_text()


def test_files_are_kept_for_ever_by_their_content_alone(week: Served) -> None:
    named = week.nobody.get(address("console.css"))
    assert "immutable" in named.headers["cache-control"]
    assert week.nobody.get("/console/static/console.css").headers["cache-control"] == "no-cache"
    assert week.nobody.get("/console/static/htmx-LICENSE.txt").status_code == 404
    assert week.nobody.get("/console/static/..%2Fframe.py").status_code == 404
