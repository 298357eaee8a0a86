"""Find, and a call: from a line of qualifiers to what happened, in a real browser."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.console.hostile import CALL_ID, MARKUP
from tests.console.reading import Opened, Opener

HOSTILE = f"/console/calls/test/{quote(CALL_ID, safe='')}"


def found(reader: Opened) -> list[str]:
    return reader.page.locator("tbody .id").all_inner_texts()


@pytest.mark.parametrize(
    ("line", "calls"),
    [
        ("agent:agent-3", "D B"),
        ("queue:support", "D C"),
        ("from:2026-03-29 to:2026-03-29", "E D C B"),
        ("phase:queued", "F"),
        ("transferred:yes", "B A"),
        ("transferred:no source:elsewhere", "E"),
        ("open:yes from:2026-03-29", "F E"),
        ("refused:sì from:2026-03-29", "D"),
        ("incomplete:no agent:agent-3", "D B"),
        ("reason:sold", "G"),
        ("rule:R7", "D"),
        ("A", "A"),
        ("agent:agent-1 rule:R14", "D"),
    ],
)
def test_a_line_of_qualifiers_finds_its_calls(line: str, calls: str, auditor: Opened) -> None:
    auditor.go("/console/find")
    auditor.page.fill("#q", line)
    auditor.page.press("#q", "Enter")
    auditor.page.wait_for_url("**/find?q=*")
    assert found(auditor) == calls.split()
    assert f"{len(calls.split())} of 8 calls at position" in auditor.text


def test_a_facet_narrows_the_search_and_the_address_is_the_state(auditor: Opened) -> None:
    auditor.go("/console/find?q=transferred:yes")
    facet = auditor.page.locator("aside a", has_text="agent-3")
    assert facet.inner_text().split() == ["agent-3", "1"]
    auditor.click(facet)
    assert auditor.page.input_value("#q") == "transferred:yes agent:agent-3"
    address = auditor.page.url
    auditor.go("/console/find")
    auditor.page.goto(address)
    assert found(auditor) == ["B"]


@pytest.mark.parametrize(
    ("line", "newer", "older"),
    [("", "E", "C"), ("agent:agent-3", None, "B"), ("reason:sold", "G", None)],
)
def test_the_calls_before_and_after_are_those_of_the_search(
    line: str, newer: str | None, older: str | None, auditor: Opened
) -> None:
    auditor.go(f"/console/calls/centre/D?q={quote(line)}")
    for rel, expected in (("prev", newer), ("next", older)):
        links = auditor.page.locator(f".neighbours a[rel={rel}]")
        shown = [str(one.get_attribute("href")).partition("?")[0] for one in links.all()]
        assert [one.rpartition("/")[2] for one in shown] == ([expected] if expected else [])


@pytest.mark.parametrize("line", ["colour:red", "phase:purple", "from:yesterday", 'agent:"x', "x:"])
def test_what_means_nothing_is_said_to(line: str, opener: Opener) -> None:
    reader = opener.enter("auditor")
    assert reader.go(f"/console/find?q={quote(line)}") == 400
    assert "was not understood" in reader.text
    assert found(reader) == []


def test_calls_are_gone_through_one_after_the_other(auditor: Opened) -> None:
    auditor.go("/console/find?q=transferred:yes")
    auditor.click("a.id >> text=B")
    assert auditor.page.inner_text("h1") == "Call B"
    assert "Newer call" not in auditor.main
    auditor.click("text=Older call")
    assert auditor.page.inner_text("h1") == "Call A"
    assert "Older call" not in auditor.main


def test_a_refused_hold_in_conference_stands_at_its_moment_with_its_rule(auditor: Opened) -> None:
    auditor.go("/console/calls/centre/D")
    entries = auditor.page.locator(".entry").all_inner_texts()
    (at,) = [number for number, entry in enumerate(entries) if "R7" in entry]
    assert "started a conference" in entries[at - 1]
    assert "In conference nobody can put the customer on hold." in entries[at]
    assert "non è possibile mettere in attesa il cliente" in entries[at]
    assert all(word in entries[at] for word in ("Refused", "agent-1 (owner)", "desktop", "seed"))


def test_a_correction_shows_what_was_before_and_what_is_right(auditor: Opened) -> None:
    auditor.go("/console/calls/centre/D")
    assert auditor.page.inner_text(".correction del") == "sold"
    assert auditor.page.inner_text(".correction ins") == "order"
    assert "Corrected later" in auditor.page.inner_text("#event-19")


def test_a_rule_that_another_system_broke_is_told(auditor: Opened) -> None:
    auditor.go("/console/calls/elsewhere/E")
    broken = auditor.page.inner_text(".entry.broken")
    assert "H1" in broken
    assert "recorded all the same" in broken


def test_an_earlier_moment_shows_what_was_known_then(auditor: Opened) -> None:
    auditor.go("/console/calls/centre/A?known_at=4")
    assert len(auditor.page.locator(".entry").all()) == 4
    assert "earlier state of knowledge" in auditor.text
    auditor.click("text=As it is known now")
    assert len(auditor.page.locator(".entry").all()) > 10


def test_the_legend_names_what_the_picture_has_and_not_what_only_just_began(
    auditor: Opened,
) -> None:
    auditor.go("/console/calls/centre/A?known_at=4")
    assert "agent-1 put the customer on hold." in auditor.main
    shown = set(auditor.page.locator(".legend li").all_inner_texts())
    assert "hold" not in shown
    assert {"waiting", "talk"} <= shown
    assert auditor.page.locator(".lanes rect[fill='url(#state-hold)']").count() == 0


def test_the_slider_shows_an_earlier_moment_by_itself(auditor: Opened) -> None:
    auditor.go("/console/calls/centre/A?q=transferred:yes")
    auditor.page.focus("#event")
    auditor.page.keyboard.press("Home")
    auditor.page.wait_for_url("**event=1")
    auditor.page.wait_for_selector("text=earlier state of knowledge")
    assert len(auditor.page.locator(".entry").all()) == 1
    auditor.page.go_back()
    auditor.page.wait_for_selector("#event-9")
    assert auditor.complaints == []


def test_the_raw_document_opens_below_its_event_and_can_be_copied(auditor: Opened) -> None:
    auditor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    auditor.go("/console/calls/centre/A")
    auditor.click("#event-3 >> text=Raw document")
    auditor.click("#event-3 >> text=Copy")
    auditor.page.wait_for_selector("#event-3 >> text=Copied")
    copied = auditor.page.evaluate("navigator.clipboard.readText()")
    assert copied == auditor.page.inner_text("#event-3 pre")
    assert '"specversion": "1.0"' in copied


def test_a_call_that_is_not_there_is_said_not_to_be(opener: Opener) -> None:
    reader = opener.enter("auditor")
    assert reader.go("/console/calls/centre/nowhere") == 404
    assert "No call of this source had this id" in reader.text


def test_an_analyst_sees_what_came_of_a_call_and_nobody_by_name(opener: Opener) -> None:
    analyst = opener.enter("analyst")
    assert analyst.go("/console/calls/centre/A") == 200
    assert "only auditors read them" in analyst.text
    assert analyst.page.locator(".entry, .picture").all() == []
    assert analyst.go("/console/calls/centre/A/documents/1") == 403
    assert analyst.go("/console/find?q=customer:1") == 400
    assert found(analyst) == []


def test_text_of_others_is_text_and_nothing_else(opener: Opener) -> None:
    reader = opener.enter("auditor")
    for path in ("/console/find", HOSTILE, f"{HOSTILE}/documents/1", f"{HOSTILE}/documents/9"):
        assert reader.go(path) == 200, path
        assert MARKUP in reader.text
        assert reader.page.locator("[onerror], img").all() == []
    reader.go(HOSTILE)
    for field in ("agent", "queue", "reason", "note", "why", "activity", "missing", "stranger"):
        assert f"{field} {MARKUP}" in reader.main, field
    assert reader.complaints == []
    reader.go(f"/console/find?q={quote(MARKUP)}%22%3E")
    assert reader.page.locator("[onerror], img").all() == []


@pytest.mark.parametrize("language", ["en-GB", "it-IT"])
def test_no_line_breaks_the_id_of_an_agent(language: str, opener: Opener) -> None:
    reader = opener.enter("auditor", language)
    reader.go("/console/find?q=agent:agent-1")
    names = reader.page.locator(".agents .together")
    assert set(names.all_inner_texts()) >= {"agent-1", "agent-3"}
    boxes = names.evaluate_all("all => all.map((one) => one.getClientRects().length)")
    assert set(boxes) == {1}


def test_a_call_in_which_nothing_special_happened_has_a_dash(auditor: Opened) -> None:
    auditor.go("/console/find?q=G")
    dash = "(one) => getComputedStyle(one, '::before').content"
    assert auditor.page.locator(".tags").evaluate(dash) == '"–"'


def test_the_number_of_the_event_is_written_as_the_other_numbers(opener: Opener) -> None:
    reader = opener.enter("auditor", "it-IT")
    reader.go("/console/calls/centre/D")
    move = """(slider) => {
        slider.max = 5000;
        slider.value = 3003;
        slider.dispatchEvent(new Event("input", {bubbles: true}));
    }"""
    reader.page.locator("#event").evaluate(move)
    assert reader.page.inner_text(".moment output") == "3.003"


def test_who_was_let_go_by_another_agents_leaving_was_not_dropped_by_an_end(
    auditor: Opened,
) -> None:
    auditor.go("/console/calls/centre/D")
    assert "agent-1 was let go: agent-2 had left." in auditor.main
    assert "agent-2 ended the call" not in auditor.main


def test_only_the_pages_own_words_are_called_the_page(auditor: Opened) -> None:
    auditor.go("/console/calls/elsewhere/E")
    assert auditor.page.locator(".page-words").all_inner_texts() == ["sibling page"]
    auditor.go("/console/calls/centre/D")
    said = auditor.page.locator(".page-words").all_inner_texts()
    assert [one.startswith("The page: ") for one in said] == [True, True]
