"""Readers of the console: each a browser of its own, with what went wrong in it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from entrypoints.http.keys import ApiRole, Keys
from tests.http.clients import Served

AXE = Axe()
LONGEST_MILLISECONDS = 120_000
"""How long a page may take on a busy machine to show what it is waited for."""


def key_of(served: Served, role: str) -> str:
    source = "test" if role == "writer" else None
    now = datetime.now(UTC)
    return Keys(served.folder).make(
        ApiRole(role), source, None, "<b>Ada</b>", now, timedelta(days=1)
    )[1]


class Opened:
    """A page in a browser, and all that it complained about."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complain(said.type, said.text))
        page.on("dialog", lambda dialog: self.complain("error", f"dialog {dialog.message}"))

    def complain(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def go(self, path: str) -> int:
        """Open a page; its status."""
        answer = self.page.goto(f"{self.url}{path}")
        assert answer is not None
        return answer.status

    def click(self, what: str | Locator) -> None:
        """Click, and wait until the page that this leads to, if it does, is there as a whole."""
        (self.page.locator(what).first if isinstance(what, str) else what).click()
        self.page.wait_for_load_state()

    @property
    def text(self) -> str:
        """What is read on it."""
        return self.page.inner_text("body")

    @property
    def main(self) -> str:
        """What is read within its frame."""
        return self.page.inner_text("main")

    def violations(self) -> list[str]:
        """What axe finds."""
        found: list[dict[str, Any]] = AXE.run(self.page).response["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


class Opener:
    """Opens browsers' pages upon a served ledger."""

    def __init__(self, browser: Browser, served: Served) -> None:
        self.browser, self.served = browser, served
        self._open = ExitStack()

    def arrive(self, language: str = "en-GB", width: int = 1280, **more: Any) -> Opened:
        """Somebody who has not entered."""
        context = self._open.enter_context(
            self.browser.new_context(
                viewport={"width": width, "height": 900},
                locale=language,
                timezone_id="Europe/Rome",
                **more,
            )
        )
        context.set_default_timeout(LONGEST_MILLISECONDS)
        return Opened(context.new_page(), self.served.url)

    def enter(self, role: str, language: str = "en-GB", width: int = 1280, **more: Any) -> Opened:
        """A reader of this role, who has entered."""
        opened = self.arrive(language, width, **more)
        opened.go("/console/enter")
        opened.page.fill("#key", key_of(self.served, role))
        opened.click("main button")
        return opened

    def __enter__(self) -> Opener:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
