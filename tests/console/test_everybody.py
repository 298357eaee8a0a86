"""Each page is for everybody: in both languages, on each screen, with keys, without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from infra.settings import Settings
from tests.console.reading import Opened, Opener
from tests.http.conftest import served_in
from tests.ledger.lines import lines_of_calls
from tests.several_ledgers import ledgers_in, place_of

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
    "/console/reports/exits?queue=slaes",
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


TOO_SMALL = """() => [...document.querySelectorAll("a, button, summary, input, select")]
    .filter((one) => one.checkVisibility() && one.type !== "checkbox")
    .filter((one) => one.parentElement.textContent.trim() === one.textContent.trim())
    .filter((one) => !one.closest(".unseen, .skip"))
    .filter((one) => {
        const target = one.getBoundingClientRect();
        return Math.min(target.width, target.height) < 24;
    })
    .map((one) => one.outerHTML)"""
"""What stands alone and is smaller than 24 pixels; a label is a checkbox's target."""

SCREENS = (("en-GB", 1280, "light"), ("it-IT", 390, "dark"))


@pytest.fixture(scope="module", params=SCREENS, ids=str)
def reader(request: pytest.FixtureRequest, opener: Opener) -> Opened:
    """An auditor with a wide light screen, and one with a narrow dark one."""
    language, width, scheme = request.param
    return opener.enter("auditor", language, width, color_scheme=scheme)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_barrier(path: str, reader: Opened) -> None:
    reader.go(path)
    assert reader.violations() == []
    assert too_wide(reader) <= 0
    assert reader.page.evaluate(TOO_SMALL) == []


def too_wide(reader: Opened) -> int:
    """By how many pixels a page is wider than its screen."""
    pixels: int = reader.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return pixels


@pytest.fixture(scope="module")
def company(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    """The server of one ledger of two, of which the other has nothing yet."""
    folder = tmp_path_factory.mktemp("company")
    ledgers = ledgers_in(folder)
    several = [(Settings(), place_of(ledgers, name)) for name in ("italy", "rest")]
    with served_in(several[0][1], several=several) as served, Opener(browser, served) as opener:
        served.ask(lines_of_calls(1)[0])
        yield opener


@pytest.mark.parametrize(("language", "width", "scheme"), SCREENS)
def test_the_page_of_all_ledgers_has_no_barrier(
    language: str, width: int, scheme: str, company: Opener
) -> None:
    reader = company.enter("auditor", language, width, color_scheme=scheme)
    assert reader.go("/console/operations/ledgers") == 200
    rows = reader.page.locator("tbody tr").all_inner_texts()
    assert [row.split()[0] for row in rows] == ["italy", "rest"]
    assert reader.violations() == []
    assert too_wide(reader) <= 0


@pytest.mark.parametrize("language", ["en-GB", "it-IT"])
def test_a_narrow_screen_has_its_pages_in_a_menu_that_needs_no_script(
    language: str, opener: Opener
) -> None:
    reader = opener.enter("auditor", language, 390, java_script_enabled=False)
    reader.go("/console/find")
    page = reader.page
    head = page.locator("header.bar")
    assert page.locator(".bar nav").is_hidden()
    box = head.bounding_box()
    assert box is not None
    assert box["height"] <= 60
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    links = page.locator(".bar nav a").all()
    assert len(links) == 6
    for one in (*links, page.locator(".bar summary"), *page.locator(".reader button").all()):
        target = one.bounding_box()
        assert target is not None
        assert min(target["width"], target["height"]) >= 24
    reader.click(page.locator(".bar nav a").nth(1))
    assert page.url.endswith("/console/reports")


def test_what_stands_in_tiles_side_by_side_begins_at_one_height(opener: Opener) -> None:
    reader = opener.enter("auditor", "it-IT")
    reader.go("/console/live")
    middles = """(tiles) => tiles.map((tile) => {
        const words = document.createRange();
        words.selectNodeContents(tile.lastChild);
        return words.getClientRects()[0].top;
    })"""
    assert len(set(reader.page.locator(".counts a").evaluate_all(middles))) == 1


def test_a_wide_screen_has_its_pages_in_view(auditor: Opened) -> None:
    auditor.go("/console/find")
    assert auditor.page.locator(".bar nav a").first.is_visible()
    assert auditor.page.locator(".bar summary").is_hidden()


def test_where_there_is_no_page_the_way_to_the_others_is_shown(auditor: Opened) -> None:
    assert auditor.go("/console/nowhere") == 404
    auditor.click(".bar nav >> text=Rules")
    assert auditor.page.url.endswith("/console/rules")


def test_the_heads_of_figures_are_no_taller_than_three_lines(opener: Opener) -> None:
    reader = opener.enter("auditor", "it-IT", 390)
    reader.go("/console/reports/exits")
    head = reader.page.locator(".figures thead tr").bounding_box()
    assert head is not None
    assert head["height"] <= 3 * 20 + 16


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
