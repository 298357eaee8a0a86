"""The pictures of the console in `docs/pictures`, made from the demo's day.

Run `uv run python -m entrypoints.docgen.pictures`, with a Chromium installed, after a page has
changed; nothing compares them, since fonts differ from one machine to the next.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from entrypoints.cli.demo import EVENTFUL_CALL
from entrypoints.cli.simulate import FIRST_DAY, record_simulated
from entrypoints.http.application import application
from entrypoints.http.keys import ApiRole, Keys
from entrypoints.http.server import listening
from entrypoints.http.service import Service
from infra.folder import LedgerFolder

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
PAGES: Final = {
    "call": "/console/calls/simulation/{call_id}",
    "find": "/console/find?q=transferred%3Ayes",
    "rules": "/console/rules?role=owner",
}
"""Each picture's name, and the page that it is of; the call is the one with the most to see."""

CALLS: Final = 500
WIDTH: Final = 1120
HEIGHT: Final = 760


def draw() -> None:
    """Make every picture anew."""
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as place:
        folder = LedgerFolder(Path(place) / "ledger")
        record_simulated(
            folder, "seed", CALLS, 1, datetime.fromisoformat(FIRST_DAY).replace(tzinfo=UTC)
        )
        now = datetime.now(UTC)
        _, key = Keys(folder).make(ApiRole.AUDITOR, None, None, "Ada", now, timedelta(hours=1))
        with (
            Service(folder) as service,
            listening(application(service), "127.0.0.1", 0) as there,
            sync_playwright() as playwright,
            playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            ) as browser,
        ):
            with service.reader() as reader:
                (eventful,) = reader.ask(EVENTFUL_CALL).table.to_pylist()
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT},
                locale="en-GB",
                timezone_id="Europe/Rome",
            )
            page.goto(f"{there.url}/console/enter")
            page.fill("#key", key)
            page.click("main button")
            for name, path in PAGES.items():
                page.goto(there.url + path.format(call_id=quote(eventful["call_id"], safe="")))
                page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    draw()
