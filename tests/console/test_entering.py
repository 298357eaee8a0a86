"""Entering and leaving: a key is given once, and nothing is shown without a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.routing import APIRoute

from entrypoints.console.frame import HEADERS, NAVIGATION, SESSION
from entrypoints.console.rooms import routes
from entrypoints.console.sessions import LONGEST, LONGEST_IDLE, Sessions
from entrypoints.http.access_log import readings_of
from entrypoints.http.keys import Keys
from entrypoints.http.permissions import PERMISSIONS, permission_of
from infra.local.servers import wait_until
from tests.console.entering import entered, send
from tests.console.reading import Opener, key_of
from tests.http.clients import Served

OPEN = {
    *("/", "/console", "/console/", "/console/enter", "/console/leave", "/console/language"),
    *("/console/sign-in", "/console/signed-in"),
    *("/console/static/{name}", "/console/{rest:path}"),
}
"""What is there for everybody: the entrance, and files without anybody's data."""


def test_nothing_is_for_everybody_but_the_entrance() -> None:
    unasked = {
        route.path
        for route in routes()
        if isinstance(route, APIRoute) and permission_of(route) is None
    }
    assert unasked - OPEN == {"/console/time-zone"}


@pytest.mark.parametrize("path", ["/console/find", "/console/calls/centre/A", "/"])
def test_who_has_not_entered_is_shown_the_entrance_alone(path: str, week: Served) -> None:
    answer = week.nobody.get(path, follow_redirects=True)
    assert answer.url.path == "/console/enter"
    assert "agent-1" not in answer.text


def test_an_entered_reader_comes_to_where_the_way_led(opener: Opener) -> None:
    reader = opener.arrive()
    reader.go("/console/calls/centre/A")
    reader.page.fill("#key", key_of(opener.served, "auditor"))
    reader.click("main button")
    assert reader.page.inner_text("h1") == "Call A"
    (cookie,) = reader.page.context.cookies()
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (
        *(SESSION, True, True, "Strict"),
    )
    reader.click("text=Leave")
    assert reader.go("/console/find") == 200
    assert reader.page.url.endswith("/console/enter?to=%2Fconsole%2Ffind")
    assert reader.complaints == []


def test_a_link_of_another_site_leads_where_it_says(opener: Opener) -> None:
    reader = opener.enter("auditor")
    reader.page.goto("about:blank")
    reader.page.set_content(f'<a href="{reader.url}/console/calls/centre/A">the call</a>')
    reader.click("a")
    reader.page.wait_for_selector("h1 >> text=Call A")


@pytest.mark.parametrize(
    ("role", "says"), [("writer", "This key writes"), ("nobody", "no valid key")]
)
def test_who_may_not_read_does_not_enter(role: str, says: str, week: Served) -> None:
    key = "clk_nonsense" if role == "nobody" else key_of(week, role)
    answer = send(week.nobody, "/console/enter", {"key": key})
    assert answer.status_code == 403
    assert says in answer.text
    assert "set-cookie" not in answer.headers


def test_a_change_is_taken_from_the_consoles_own_pages_alone(week: Served) -> None:
    form = {"key": key_of(week, "auditor")}
    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert send(week.nobody, "/console/enter", form, **headers).status_code == 403, headers


def test_a_session_is_worth_no_more_than_its_key(week: Served) -> None:
    client = entered(week, "auditor")
    assert client.get("/console/find").status_code == 200
    keys = Keys(week.folder)
    keys.revoke(keys.all()[-1].id, datetime.now(UTC))
    assert wait_until(lambda: client.get("/console/find").status_code == 303, 60)


def test_a_session_ends_by_itself(week: Served) -> None:
    key_of(week, "auditor")
    (*_, key) = Keys(week.folder).all()
    now = datetime.now(UTC)
    sessions = Sessions(lambda: now)
    token = sessions.begin(key, "Ada", key.expires_at, "UTC")
    now += LONGEST_IDLE - timedelta(seconds=1)
    assert sessions.of(token) is not None
    for _ in range(LONGEST // LONGEST_IDLE + 1):
        now += LONGEST_IDLE - timedelta(seconds=1)
        sessions.of(token)
    assert sessions.of(token) is None
    idle = sessions.begin(key, "Ada", key.expires_at, "UTC")
    now += LONGEST_IDLE
    assert sessions.of(idle) is None
    assert sessions.of(None) is None


def test_what_a_reader_sees_is_in_the_access_log(week: Served) -> None:
    client = entered(week, "auditor")
    key_id = Keys(week.folder).all()[-1].id
    client.get("/console/find?q=agent:agent-1")
    client.get("/console/calls/centre/A")
    log = [one for one in readings_of(week.folder, 0, 10_000) if one["key_id"] == key_id]
    assert [(one["operation"], one["address"]) for one in log] == [
        ("enter the console", "/console/enter"),
        ("list calls", "/console/find?q=agent:agent-1"),
        ("read a call's events", "/console/calls/centre/A"),
    ]


def test_nobody_elses_script_style_or_frame_is_let_in(week: Served) -> None:
    for path in ("/console/find", "/console/enter", "/console/nowhere"):
        headers = week.nobody.get(path).headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "'unsafe" not in HEADERS["Content-Security-Policy"]


def test_each_place_of_the_navigation_is_there(week: Served) -> None:
    clients = {role: entered(week, role) for role in ("auditor", "admin")}
    for place in NAVIGATION:
        role = "auditor" if "auditor" in PERMISSIONS[place.permission] else "admin"
        assert clients[role].get(place.address).status_code == 200, place.address
