"""Reports: from a figure to its calls, and from there to what happened, in a real browser."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from projections.reports import REPORTS
from tests.console.hostile import AGENT, MARKUP
from tests.console.reading import Opened, Opener


def test_a_figure_leads_to_its_calls_and_they_to_what_happened(auditor: Opened) -> None:
    auditor.go("/console/reports")
    auditor.click("text=Transfers")
    auditor.page.check("text=Kind >> nth=0")
    auditor.click("form.filters button")
    row = auditor.page.locator("tbody tr", has_text="conference")
    assert row.locator("td").first.inner_text() == "1"
    auditor.click(row.locator("a").first)
    assert auditor.page.locator("tbody .id").all_inner_texts() == ["A"]
    assert "1 call" in auditor.main
    auditor.click("tbody .id")
    assert auditor.page.inner_text("h1") == "Call A"
    assert "accepted the transfer" in auditor.main


@pytest.mark.parametrize("name", REPORTS)
def test_each_figure_of_each_report_leads_to_calls(name: str, auditor: Opened) -> None:
    for grouping in (None, "day", *REPORTS[name].subject_groupings[:1]):
        asked = f"?by={grouping}" if grouping else ""
        assert auditor.go(f"/console/reports/{name}{asked}") == 200
        links = auditor.page.locator("tbody td a")
        addresses = [one.get_attribute("href") for one in links.all()[-3:]]
        for address in filter(None, addresses):
            answer = auditor.page.request.get(f"{auditor.url}{address}")
            assert answer.status == 200
            assert 'class="id"' in answer.text(), address


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_nothing_says_so(name: str, auditor: Opened) -> None:
    nothing = "Nothing that this report counts is like that"
    auditor.go(f"/console/reports/{name}?queue=slaes")
    assert nothing in auditor.main
    auditor.go(f"/console/reports/{name}?from=2026-03-28")
    assert nothing not in auditor.main


def test_what_is_downloaded_is_what_the_page_says(opener: Opener) -> None:
    reader = opener.enter("analyst")
    reader.go("/console/reports/wrap-ups?by=reason&to=2026-03-29")
    with reader.page.expect_download() as download:
        reader.click("text=Download as CSV")
    text = download.value.path().read_text(encoding="utf-8")
    api = opener.served.analyst.get(
        "/v1/reports/wrap-ups",
        params={"by": "reason", "to": "2026-03-29", "time_zone": "Europe/Rome"},
    ).json()
    head, *lines = text.splitlines()
    assert head.startswith("reason,wrap_ups,calls,")
    assert [line.split(",")[:2] for line in lines] == [
        [group["reason"] or "", str(group["wrap_ups"])] for group in api["groups"]
    ]


def test_a_report_says_what_it_is_of(auditor: Opened) -> None:
    auditor.go("/console/reports/transfers?from=2026-03-29&known_at=40")
    assert "from 2026-03-29 on" in auditor.main
    assert "At position 40" in auditor.main
    assert "transfers ÷ contacts handled" in auditor.main
    auditor.click("text=The SQL behind it")
    assert "from transfer_requests" in auditor.page.inner_text("pre")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("nothing", 404),
        ("transfers?by=colour", 400),
        ("transfers?figure=luck", 400),
        ("transfers?from=yesterday", 400),
        ("transfers/calls?by=day&is-day=someday&figure=transfers", 400),
        ("transfers?known_at=999999", 400),
    ],
)
def test_a_question_that_means_nothing_is_said_to(
    address: str, status: int, opener: Opener
) -> None:
    reader = opener.enter("auditor")
    assert reader.go(f"/console/reports/{address}") == status


def test_groups_that_others_have_named_are_text(opener: Opener) -> None:
    reader = opener.enter("auditor")
    for address in (
        "transfers?by=agent",
        f"refusals?by=agent&agent={quote(MARKUP)}%22%3E",
        f"agents/calls?by=agent&is-agent={quote(AGENT)}&figure=contacts_handled",
    ):
        assert reader.go(f"/console/reports/{address}") == 200
        assert MARKUP in reader.page.content().replace("&lt;", "<").replace("&gt;", ">")
        assert reader.page.locator("[onerror], img").all() == []
    assert reader.complaints == []
