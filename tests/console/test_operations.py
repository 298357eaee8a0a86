"""Operations: positions, what could not be read, and a rebuild, each for who may."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from entrypoints.http.access_log import readings_of
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.intake import Defaults, read_request
from ledger.ledger import Ledger
from ledger.quarantine import reading_quarantine
from projections import dead_letters
from projections.dead_letters import EVENTS, STORE, DeadLetter
from projections.serving.server import owning
from tests.console.entering import entered, send
from tests.console.reading import Opened, Opener
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.ledger.lines import all_documents, lines_of_calls

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger of five calls, with three messages that could not be read."""
    folder = tmp_path_factory.mktemp("run") / "ledger"
    with Ledger.open(folder) as ledger:
        ledger.quarantine.add("a desktop", lines_of_calls(1)[0], "it came at a bad time")
        ledger.quarantine.add("a desktop", b"{", f"no JSON {MARKUP}")
        ledger.quarantine.add("a desktop", b"[", "no JSON")
    with served_in(folder) as served:
        for line in lines_of_calls(5)[1:]:
            served.ask(line)
        yield served


@pytest.fixture(scope="module")
def runner(browser: Browser, run: Served) -> Iterator[Opener]:
    with Opener(browser, run) as opener:
        yield opener


@pytest.fixture(scope="module")
def admin(runner: Opener) -> Opened:
    return runner.enter("admin")


def test_a_count_of_calls_leads_to_them(runner: Opener) -> None:
    auditor = runner.enter("auditor")
    auditor.go("/console/operations")
    auditor.click(auditor.page.locator("dl.facts a", has_text="4").first)
    assert auditor.page.locator("tbody .id").count() == 4
    assert runner.enter("admin").go("/console/operations") == 200
    assert runner.enter("admin").page.locator("a[href*=find]").count() == 0


def test_positions_and_lag_are_said_to_each_role_and_nobody_is_named(runner: Opener) -> None:
    for role in ("admin", "auditor", "analyst"):
        reader = runner.enter(role)
        assert reader.go("/console/operations") == 200
        shown = reader.page.inner_text("main")
        assert "Event store" in shown
        assert "Events behind" in shown
        assert "agent-" not in shown
        assert reader.violations() == []
    assert reader.go("/console/operations/quarantine") == 403
    assert reader.go("/console/operations/rebuild") == 403


def test_an_entry_is_read_again_and_one_is_given_up_and_who_did_so_is_kept(
    admin: Opened, run: Served
) -> None:
    admin.go("/console/operations/quarantine")
    assert MARKUP in admin.main
    admin.click("tbody tr >> nth=0 >> text=Read it again")
    assert "It was read and recorded." in admin.main
    admin.click("tbody tr >> nth=1 >> text=Read it again")
    assert "It still cannot be read" in admin.main
    admin.click("tbody tr >> nth=1 >> summary")
    admin.page.fill("tbody tr >> nth=1 >> input[name=why]", "a test line")
    admin.click("tbody tr >> nth=1 >> form.asked button")
    assert "It was given up." in admin.main
    assert admin.violations() == []
    with reading_quarantine(run.folder) as quarantine:
        first, second, third = quarantine.list()
    assert (first.state, second.state, third.state) == ("retried", "discarded", "waiting")
    assert second.why == "a test line"
    for one in (first, second):
        assert str(one.resolved_by).startswith("<b>Ada</b> (key ")
    log = [one["address"] for one in readings_of(run.folder, 0, 10_000)]
    assert "/console/operations/quarantine/2/discard discard: a test line" in log
    assert admin.complaints == []


def test_what_is_no_longer_waiting_or_has_no_reason_is_said_to(run: Served) -> None:
    client = entered(run, "admin")
    discard = "/console/operations/quarantine/3/discard"
    assert send(client, discard, {"why": " "}).status_code == 400
    assert send(client, "/console/operations/quarantine/99/retry", {}).status_code == 404
    assert send(entered(run, "auditor"), discard, {"why": "x"}).status_code == 403


def test_a_store_that_cannot_be_asked_is_no_entry_that_is_missing(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.quarantine.add("a desktop", b"{", "no JSON")
    with served_in(tmp_path) as served:
        client = entered(served, "admin")
        with sqlite3.connect(served.folder.sqlite_file) as store:
            store.execute("alter table quarantine rename to elsewhere")
        for what in ("retry", "discard"):
            answer = send(client, f"/console/operations/quarantine/1/{what}", {"why": "x"})
            assert (answer.status_code, "no such table" in answer.text) == (503, True)
            over_http = served.admin.post(f"/v1/quarantine/1/{what}", json={"why": "x"})
            assert (over_http.status_code, "no such table" in over_http.text) == (503, True)


def test_a_dead_letter_is_read_again_by_whoever_has_the_tables(
    browser: Browser, tmp_path: Path
) -> None:
    with Ledger.open(tmp_path) as ledger:
        defaults = Defaults(occurred_at="2026-01-01T00:00:00Z")
        ledger.record_many([read_request(line, defaults) for line in lines_of_calls(1)])
    documents = all_documents(LedgerFolder(tmp_path))
    with owning(tmp_path, lambda: StoreFeed(tmp_path)) as owner:
        owner.bring_up()
        # As a version leaves them that cannot read two events yet, of which one is damaged.
        with owner.writing() as tables, tables.transaction():
            tables.connection.execute("delete from events where position in (2, 3)")
            for position, original in ((2, b"{}"), (3, documents[2])):
                where = (STORE, EVENTS, position, position, 1, "call-0")
                letter = DeadLetter(*where, "Its type is unknown.", True, original)
                dead_letters.keep(tables.connection, [letter])
            tables.refresh_touched()
    with served_in(tmp_path) as served, Opener(browser, served) as opener:
        admin = opener.enter("admin")
        admin.go("/console/operations/quarantine")
        admin.click("tr:has-text('position 2') >> text=Read it again")
        assert "It still cannot be read into the tables" in admin.main
        admin.click("tr:has-text('position 3') >> text=Read it again")
        assert "It was read: its call is complete again" in admin.main
        admin.go("/console/operations/quarantine")
        assert admin.page.locator("tbody td:first-child").all_inner_texts() == ["store-1"]
        assert admin.violations() == []
        log = [one["address"] for one in readings_of(served.folder, 0, 10_000)]
        assert "/console/operations/quarantine/dead-letters/1/retry retry" in log
        client = entered(served, "admin")
        gone = "/console/operations/quarantine/dead-letters/99/retry"
        assert send(client, gone, {}).status_code == 404
        assert send(entered(served, "auditor"), gone, {}).status_code == 403
        assert admin.complaints == []


def test_a_rebuild_says_how_far_it_is_and_that_all_came_out_the_same(admin: Opened) -> None:
    admin.go("/console/operations")
    admin.click("text=Rebuild the tables")
    admin.page.check("input[name=from_store]")
    admin.click("main form button")
    admin.page.wait_for_selector("text=Every table came out the same")
    assert "Begun by <b>Ada</b> (key " in admin.main
    assert admin.violations() == []
    assert admin.complaints == []


def test_without_a_kafka_none_is_asked(admin: Opened) -> None:
    admin.go("/console/operations")
    assert "Kafka" not in admin.main
    assert admin.go("/console/operations/kafka") == 404
