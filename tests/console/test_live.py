"""Live: a call that begins is on the board, and its page grows, while somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import dropwhile, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Route

from tests.console.entering import entered
from tests.console.reading import Opened, Opener
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.ledger.scenes import command


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger in which calls go on while it is served."""
    with served_in(tmp_path_factory.mktemp("moving") / "ledger") as served:
        yield served


@pytest.fixture(scope="module")
def watcher(browser: Browser, moving: Served) -> Iterator[Opener]:
    """Opens pages upon it."""
    with Opener(browser, moving) as opener:
        yield opener


def tell(served: Served, call_id: str, action: str, actor: str, **own: object) -> None:
    """Something happens now, and desktops tell it over HTTP."""
    asked = command(action, actor, call_id, occurred_at=datetime.now(UTC), **own)
    answer = served.ask(asked.model_dump_json(exclude_none=True).encode())
    assert answer.status_code == 201, answer.text


def connected(opened: Opened) -> Opened:
    opened.page.wait_for_selector("[data-state=connected]")
    return opened


def test_a_call_comes_onto_the_board_and_moves_with_its_phases(
    watcher: Opener, moving: Served
) -> None:
    reader = watcher.enter("auditor")
    reader.go("/console/live")
    assert "No call is open now." in reader.main
    reader.go("/console/live?phase=held")
    assert "No such call is open now." in reader.main
    reader.go("/console/reports/exits")
    assert "Nothing that this report counts is recorded yet." in reader.main
    reader.go("/console/live")
    connected(reader)
    tell(moving, "new", "receive", "system", queue="sales", customer="+39 06 5550123")
    reader.page.wait_for_selector("#board .phase-queued")
    assert "1 open call at position 1" in reader.main
    tell(moving, "new", "offer", "system", agent="agent-1")
    tell(moving, "new", "answer", "agent-1")
    reader.page.wait_for_selector("#board .phase-connected")
    row = reader.page.inner_text("#board tbody tr")
    assert all(word in row for word in ("new", "sales", "agent-1"))
    assert "+39" not in reader.text
    tell(moving, "new", "leave", "customer")
    reader.page.wait_for_selector("#board .empty")
    reader.go("/console/find")
    today = datetime.now(ZoneInfo("Europe/Rome"))
    assert f"all that is recorded, of {today.day} " in reader.page.inner_text(".period")
    assert reader.complaints == []


def test_a_calls_page_grows_as_it_happens(watcher: Opener, moving: Served) -> None:
    tell(moving, "growing", "receive", "system", queue="sales")
    tell(moving, "growing", "offer", "system", agent="agent-1")
    reader = watcher.enter("auditor")
    reader.go("/console/calls/test/growing")
    connected(reader)
    reader.click("#event-1 >> text=Raw document")
    reader.page.wait_for_selector("#event-1 pre")
    tell(moving, "other", "receive", "system", queue="sales")
    tell(moving, "growing", "answer", "agent-1")
    reader.page.wait_for_selector(".entry:nth-child(3)#event-3")
    reader.page.wait_for_selector(".facts .phase-connected")
    assert reader.page.locator("#event-1 pre").is_visible(), "what was open stays open"
    assert reader.complaints == []


def test_a_refusal_appears_at_its_moment_though_nothing_else_happens(
    watcher: Opener, moving: Served
) -> None:
    for action, actor, own in (
        ("receive", "system", {"queue": "sales"}),
        ("offer", "system", {"agent": "agent-1"}),
        ("answer", "agent-1", {}),
    ):
        tell(moving, "refusing", action, actor, **own)
    reader = watcher.enter("auditor")
    reader.go("/console/calls/test/refusing")
    connected(reader)
    for number in (1, 2):
        asked = command("end-conference", "agent-1", "refusing", occurred_at=datetime.now(UTC))
        answer = moving.ask(asked.model_dump_json(exclude_none=True).encode())
        assert answer.status_code == 409, answer.text
        reader.page.wait_for_selector(f".entry.refused >> nth={number - 1}")
    assert reader.page.locator(".entry").count() == 5
    assert reader.complaints == []


def test_a_call_that_is_looked_at_later_has_what_was_refused_before_it_was_followed(
    watcher: Opener, moving: Served
) -> None:
    tell(moving, "before", "receive", "system", queue="sales")
    reader = watcher.enter("auditor")
    path = "/console/calls/test/before"
    reader.go(path)
    reader.page.route("**/stream?*", lambda route: route.abort())
    reader.go(path)
    asked = command("end-conference", "agent-1", "before", occurred_at=datetime.now(UTC))
    assert moving.ask(asked.model_dump_json(exclude_none=True).encode()).status_code == 409
    assert reader.page.locator(".entry.refused").count() == 0
    reader.page.unroute("**/stream?*")
    reader.page.wait_for_selector(".entry.refused")


def test_the_board_is_narrowed_to_a_phase_a_queue_or_an_agent(
    watcher: Opener, moving: Served
) -> None:
    tell(moving, "narrow", "receive", "system", queue="returns")
    reader = watcher.enter("analyst")
    reader.go("/console/live?queue=returns")
    assert reader.page.locator("#board .id").all_inner_texts() == ["narrow"]
    connected(reader)
    tell(moving, "elsewhere", "receive", "system", queue="sales")
    tell(moving, "narrow-2", "receive", "system", queue="returns")
    reader.page.wait_for_selector("#board tbody tr:nth-child(2) >> text=narrow-2")
    assert reader.page.locator("#board .id").all_inner_texts() == ["narrow", "narrow-2"]
    reader.go("/console/live?phase=held")
    assert reader.page.locator("#board .id").count() == 0


BOARDS_AN_HOUR = 600
"""One each six seconds, as in a busy centre."""

MOST_BYTES_MORE = 2_000_000
"""Less than the text alone of an hour's boards."""


class Held(NamedTuple):
    """What a page holds once the browser has collected what nobody needs."""

    nodes: int
    listeners: int
    heap_bytes: int


def held_by(reader: Opened) -> Held:
    session = reader.page.context.new_cdp_session(reader.page)
    session.send("HeapProfiler.collectGarbage")
    counted = session.send("Memory.getDOMCounters")
    heap = session.send("Runtime.getHeapUsage")
    session.detach()
    return Held(counted["nodes"], counted["jsEventListeners"], heap["usedSize"])


def board_message(moving: Served) -> str:
    """The content of a board as the server sends it."""
    board = "/console/live/stream?queue=hour&after=1"
    with entered(moving, "auditor").stream("GET", board) as answer:
        lines = answer.iter_lines()
        begun = dropwhile(lambda line: not line.startswith("data: "), lines)
        return "\n".join(takewhile(bool, begun))


@pytest.mark.slow
def test_a_board_that_is_open_for_an_hour_does_not_grow(watcher: Opener, moving: Served) -> None:
    for number in range(3):
        tell(moving, f"long-{number}", "receive", "system", queue="hour")
    content = board_message(moving)
    # Each row is of another call each time, so that none is left as it was.
    boards = [
        f"id: {number}\nevent: board\n{content.replace('long-', f'call-{number}-')}\n\n"
        for number in range(1, BOARDS_AN_HOUR + 1)
    ]
    reader = watcher.enter("auditor")
    sent = {"content-type": "text/event-stream"}
    waiting = ["".join(boards[:60])]

    def answer(route: Route) -> None:
        """Tell what waits, if something does; the page comes again for more."""
        told = waiting.pop() if waiting else ""
        route.fulfill(status=200, headers=sent, body=f"retry: 100\n\n{told}")

    reader.page.route("**/live/stream?*", answer)
    reader.go("/console/live?queue=hour")
    reader.page.wait_for_selector("#board .id >> text=call-60-0")
    before = held_by(reader)
    waiting.append("".join(boards[60:]))
    last = f"#board .id >> text=call-{BOARDS_AN_HOUR}-0"
    reader.page.wait_for_selector(last)
    after = held_by(reader)
    assert after.nodes < before.nodes * 2, "the browser may still have the board before"
    assert after.listeners <= before.listeners
    assert after.heap_bytes - before.heap_bytes < MOST_BYTES_MORE


def test_a_page_that_is_paused_stands_still(watcher: Opener, moving: Served) -> None:
    reader = watcher.enter("auditor")
    reader.go("/console/live")
    connected(reader)
    reader.click("text=Pause")
    assert "stands still" in reader.main
    tell(moving, "paused", "receive", "system", queue="sales")
    reader.click("text=Go on")
    reader.page.wait_for_selector("#board .id >> text=paused")


def test_a_board_is_read_without_a_script(watcher: Opener, moving: Served) -> None:
    tell(moving, "plain", "receive", "system", queue="sales")
    reader = watcher.enter("auditor", java_script_enabled=False)
    reader.go("/console/live")
    tell(moving, "plain-2", "receive", "system", queue="sales")
    reader.click("text=Load again")
    assert {"plain", "plain-2"} <= set(reader.page.locator("#board .id").all_inner_texts())


@pytest.mark.parametrize("path", ["/console/live/stream", "/console/calls/test/growing/stream"])
def test_nobody_follows_without_having_entered(path: str, moving: Served) -> None:
    answer = moving.nobody.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/enter")
