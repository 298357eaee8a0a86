"""A company's console: what desktops tell reaches it by PostgreSQL, Kafka and the projector."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from consumers.projector import project
from consumers.publisher import publish
from entrypoints.http.application import application
from entrypoints.http.server import listening
from entrypoints.http.service import Service
from infra.kafka import Kafka
from infra.local.postgresql import LocalPostgresql
from infra.local.servers import wait_until
from infra.settings import settings_with
from ledger.feed import StoreFeed
from projections.serving.line import ADDRESS_NAME
from tests.console.reading import Opener
from tests.consumers.at_work import at_work
from tests.http.clients import Served
from tests.ledger.scenes import command
from tests.ledger.stores import PostgresqlStore, ledger_at

LONGEST_SECONDS = 120
"""How long what was told may be on its way, on a busy machine."""


def publishing(company: Served, kafka: Kafka) -> AbstractContextManager[object]:
    """The publisher at work."""
    return at_work(lambda stopping: publish(lambda: StoreFeed(company.folder), kafka, stopping))


@pytest.fixture
def company(tmp_path: Path, postgresql: LocalPostgresql, kafka: Kafka) -> Iterator[Served]:
    """The interface is at work, and the projector, which has the tables."""
    store = PostgresqlStore.new(postgresql.url)
    folder = ledger_at(tmp_path / "desk", store.url)
    with (
        at_work(lambda stopping: project(folder.path, kafka, stopping)),
        Service(folder) as service,
        listening(application(service), "127.0.0.1", 0) as there,
        Served(folder, there.url) as served,
    ):
        service.settings = settings_with(kafka=kafka.bootstrap, kafka_prefix=kafka.prefix)
        assert wait_until((folder.path / ADDRESS_NAME).exists, LONGEST_SECONDS)
        yield served


def tell(company: Served, action: str, actor: str, call_id: str = "4711", **own: object) -> int:
    asked = command(action, actor, call_id, occurred_at=datetime.now(UTC), **own)
    return company.ask(asked.model_dump_json(exclude_none=True).encode()).status_code


@pytest.mark.slow
def test_a_call_that_desktops_tell_is_found_and_read_with_what_was_refused(
    browser: Browser, company: Served, kafka: Kafka
) -> None:
    assert tell(company, "receive", "system", queue="sales") == 201
    assert tell(company, "offer", "system", agent="agent-1") == 201
    assert tell(company, "answer", "agent-1") == 201
    assert tell(company, "end-conference", "agent-1") == 409
    assert tell(company, "leave", "customer") == 201

    def is_shown() -> bool:
        row = company.auditor.get("/v1/calls").json()["calls"]
        refused = company.auditor.get("/v1/refusals").json()["refusals"]
        return bool(row) and row[0]["phase"] == "ended" and bool(refused)

    with publishing(company, kafka):
        assert wait_until(is_shown, LONGEST_SECONDS), company.auditor.get("/v1/calls").text
    with Opener(browser, company) as opener:
        reader = opener.enter("auditor")
        reader.go("/console/find?q=agent:agent-1")
        reader.click("tbody .id >> text=4711")
        assert "Call 4711" in reader.main
        assert reader.page.locator(".entry.refused").count() == 1
        reader.go("/console/operations")
        reader.click("text=Ask Kafka")
        assert reader.page.locator("main .wrong").count() == 0
        assert reader.complaints == []


@pytest.mark.slow
def test_a_calls_page_grows_once_the_tables_have_what_happened(
    browser: Browser, company: Served, kafka: Kafka
) -> None:
    assert tell(company, "receive", "system", queue="sales") == 201
    with publishing(company, kafka):
        shown = "/v1/calls?wait_for=1"
        assert wait_until(lambda: company.auditor.get(shown).status_code == 200, LONGEST_SECONDS)
    with Opener(browser, company) as opener:
        reader = opener.enter("auditor")
        reader.go("/console/calls/test/4711")
        reader.page.wait_for_selector("[data-state=connected]")
        assert tell(company, "offer", "system", agent="agent-1") == 201
        assert tell(company, "end-conference", "agent-1") == 409
        told = company.auditor.get("/v1/events/stream?after=1&until_end=true").text
        assert "call.offered" in told
        # The page's stream has seen it by now, too, and would tell of it.
        time.sleep(1.0)
        assert reader.page.locator(".entry").count() == 1
        with publishing(company, kafka):
            reader.page.wait_for_selector("#event-2", timeout=LONGEST_SECONDS * 1_000)
            reader.page.wait_for_selector(".entry.refused", timeout=LONGEST_SECONDS * 1_000)
        assert reader.complaints == []
