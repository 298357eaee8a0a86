"""Each page is for everybody: in both languages, on each screen, with keys, without a script."""

from __future__ import annotations

import re

import pytest

from tests.console.reading import Opened, Opener

PAGES = (
    "/console/find",
    "/console/find?q=transferred:yes",
    "/console/find?q=nonsense:1",
    "/console/find?q=nothing-like-this",
    "/console/calls/centre/D",
    "/console/calls/centre/A?known_at=9&q=transferred:yes",
    "/console/calls/centre/A/documents/1",
    "/console/reports",
    "/console/reports/exits",
    "/console/reports/agents?by=day&by=agent&figure=talk_seconds",
    "/console/reports/transfers/calls?by=kind&is-kind=blind&figure=transfers",
    "/console/time-zone",
    "/console/nowhere",
    "/console/rules?role=former_owner&from=2026-03-28",
    "/console/rules/refusals?rule=R7",
    "/console/live",
    "/console/access-log",
    "/console/operations",
    "/console/operations/quarantine",
    "/console/saved",
    "/console/live?phase=queued",
    "/console/rules/refusals?role=customer&action=hold",
)


@pytest.fixture(scope="module", params=[("en-GB", 1280, "light"), ("it-IT", 390, "dark")], ids=str)
def reader(request: pytest.FixtureRequest, opener: Opener) -> Opened:
    """An auditor with a wide light screen, and one with a narrow dark one."""
    language, width, scheme = request.param
    return opener.enter("auditor", language, width, color_scheme=scheme)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_barrier(path: str, reader: Opened) -> None:
    reader.go(path)
    assert reader.violations() == []
    width = reader.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{width} pixels too wide"


@pytest.mark.parametrize(("language", "width"), [("en-GB", 1280), ("it-IT", 390)])
def test_the_entrance_has_no_barrier(language: str, width: int, opener: Opener) -> None:
    newcomer = opener.arrive(language, width)
    newcomer.go("/console/enter")
    assert newcomer.violations() == []
    assert newcomer.page.evaluate("document.documentElement.scrollWidth") == width
    newcomer.page.fill("#key", "nonsense")
    newcomer.click("main button")
    assert newcomer.violations() == []


def test_the_language_is_switched_and_stays(opener: Opener) -> None:
    reader = opener.enter("auditor")
    reader.go("/console/find?q=transferred:yes")
    reader.click("text=Italiano")
    assert reader.page.url.endswith("/console/find?q=transferred:yes")
    assert reader.page.get_attribute("html", "lang") == "it"
    reader.go("/console/calls/centre/D")
    assert "Che cosa è successo" in reader.text
    assert re.search(r"\b(the|was|call)\b", reader.page.inner_text("header.bar")) is None


def test_the_keyboard_goes_all_through(auditor: Opened) -> None:
    auditor.go("/console/find?q=transferred:yes")
    keyboard = auditor.page.keyboard
    for key in "jj":
        keyboard.press(key)
    assert auditor.page.inner_text(":focus") == "A"
    keyboard.press("k")
    keyboard.press("Enter")
    auditor.page.wait_for_url("**/calls/centre/B*")
    keyboard.press("?")
    auditor.page.wait_for_selector("dialog", state="visible")
    keyboard.press("Escape")
    auditor.page.wait_for_selector("dialog", state="hidden")
    keyboard.press("/")
    auditor.page.wait_for_url("**/console/find")
    keyboard.press("/")
    keyboard.type("queue:support")
    keyboard.press("Enter")
    auditor.page.wait_for_url("**q=queue*")


def test_keys_are_the_pages_again_as_soon_as_their_list_is_closed(auditor: Opened) -> None:
    auditor.go("/console/find")
    # The browser takes the focus away from a dialog only when it draws the page without it.
    at_once = """() => {
        const dialog = document.getElementById("keys");
        dialog.showModal();
        dialog.close();
        const key = new KeyboardEvent("keydown", {key: "/", bubbles: true});
        dialog.querySelector("button").dispatchEvent(key);
        return document.activeElement.id;
    }"""
    assert auditor.page.evaluate(at_once) == "q"


def test_all_of_it_works_without_a_script(opener: Opener) -> None:
    reader = opener.enter("auditor", java_script_enabled=False)
    reader.page.fill("#q", "transferred:yes")
    reader.click("form.search button")
    reader.click("a.id >> text=A")
    assert "Call A" in reader.main
    reader.click("#event-1 >> text=Raw document")
    assert '"specversion"' in reader.main
    reader.click("text=Leave")
    assert "Enter the console" in reader.main
