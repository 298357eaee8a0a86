"""Saved reports: kept from a report's page, shown again as they were, compared with now."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from entrypoints.papers import load
from tests.console.entering import entered, send
from tests.console.reading import Opened, Opener
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.ledger.lines import lines_of_calls
from tests.reports.week_of_march import tell


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The week in March, in which something becomes known later."""
    folder = tmp_path_factory.mktemp("growing") / "ledger"
    tell(folder)
    with served_in(folder) as served:
        yield served


@pytest.fixture(scope="module")
def reader(browser: Browser, growing: Served) -> Iterator[Opened]:
    with Opener(browser, growing) as opener:
        yield opener.enter("analyst")


def test_a_report_is_saved_shown_again_and_compared_with_now(
    reader: Opened, growing: Served
) -> None:
    reader.go("/console/reports/exits?by=source")
    reader.page.fill("input[name=name]", "march")
    reader.click("form.saves button")
    assert reader.page.url.endswith("/console/saved/march")
    assert load(growing.folder, "march").question.groups == ("source",)
    saved = reader.page.inner_text("table.figures")
    assert "one per party that left" in reader.page.inner_text(".meaning")
    assert "means are over the exits that have the value" in reader.page.inner_text(".meaning")
    assert reader.violations() == []
    reader.click("text=Compare with now")
    assert "the answer is the same" in reader.main
    assert "every figure is what it was" in reader.main
    for line in lines_of_calls(3):
        growing.ask(line)
    reader.page.reload()
    assert "the answer is the same" in reader.main
    assert "every figure is what it was" not in reader.main
    assert reader.page.locator("table.figures tbody tr >> text=test").count() > 0
    assert reader.violations() == []
    reader.go("/console/saved")
    reader.click("a.id >> text=march")
    assert reader.page.inner_text("table.figures") == saved


def test_a_name_is_taken_once_and_has_to_be_one(growing: Served) -> None:
    client = entered(growing, "auditor")
    save = "/console/reports/exits/save?by=reason"
    assert send(client, save, {"name": "once"}).status_code == 303
    assert send(client, save, {"name": "once"}).status_code == 409
    assert send(client, save, {"name": "../once"}).status_code == 400
    assert send(entered(growing, "admin"), save, {"name": "other"}).status_code == 403
    assert client.get("/console/saved/nowhere").status_code == 404
    (growing.folder.path / "papers" / "bad.json").write_text("{")
    assert "The file of bad is damaged" in client.get("/console/saved").text
