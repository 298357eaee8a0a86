"""A served ledger with a week of calls and one that is hostile, and readers in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from ledger.ledger import Ledger
from tests.console.hostile import tell_hostile
from tests.console.reading import Opened, Opener
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.reports.week_of_march import tell

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, headless.

    Playwright has the thread's event loop meanwhile, so that tests elsewhere could run none.
    """
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    assert chromium, "these tests drive a real Chromium: `apt-get install chromium` brings one"
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=[*QUIET]) as browser,
    ):
        yield browser


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The seven calls of a week in March and the hostile one, only to be read."""
    folder = tmp_path_factory.mktemp("week") / "ledger"
    tell(folder)
    with Ledger.open(folder) as ledger:
        tell_hostile(ledger)
    with served_in(folder) as served:
        yield served


@pytest.fixture(scope="module")
def opener(browser: Browser, week: Served) -> Iterator[Opener]:
    """Opens pages, a reader each, and closes them."""
    with Opener(browser, week) as opener:
        yield opener


@pytest.fixture(scope="module")
def auditor(opener: Opener) -> Opened:
    """An auditor in Rome who reads English."""
    return opener.enter("auditor")
