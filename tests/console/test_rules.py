"""Rules: the table beside the page's words, what was refused, and each call at that moment."""

from __future__ import annotations

from domain.rights import ALLOWED, CELLS
from domain.rules import RULES
from domain.vocabulary import Role
from tests.console.reading import Opened, Opener


def test_each_rule_stands_beside_the_words_of_the_page(auditor: Opened) -> None:
    auditor.go("/console/rules")
    for rule in RULES:
        row = auditor.page.inner_text(f"#{rule.id}")
        assert rule.sentence in row
        assert rule.page in row


def test_the_grid_of_each_role_is_the_one_that_decides(auditor: Opened) -> None:
    auditor.go("/console/rules")
    for role in (Role.OWNER, Role.MEMBER, Role.FORMER_OWNER):
        auditor.click(f".tabs >> text={role.value.replace('_', ' ')}")
        auditor.page.wait_for_url(f"**role={role.value}")
        shown = auditor.page.locator(".grid .yes, .grid .no").all_inner_texts()
        decided = list(CELLS[role].values())
        assert ["✓" if one.startswith("✓") else one for one in shown] == [
            "✓" if one == ALLOWED else one for one in decided
        ]


def test_a_count_leads_to_the_refusals_and_from_there_to_the_call_as_it_was_then(
    auditor: Opened,
) -> None:
    auditor.go("/console/rules")
    auditor.click("#R7 .number a")
    assert "In conference nobody can put the customer on hold." in auditor.main
    (row,) = auditor.page.locator("tbody tr").all_inner_texts()
    assert "agent-1" in row
    assert "owner" in row
    auditor.click("a.id")
    assert auditor.page.inner_text("h1") == "Call D"
    assert "earlier state of knowledge" in auditor.text
    entries = auditor.page.locator(".entry").all()
    assert entries[-1].get_attribute("id") == auditor.page.url.partition("#")[2]
    assert "R7" in entries[-1].inner_text()


def test_a_period_bounds_what_is_counted(auditor: Opened) -> None:
    auditor.go("/console/rules?from=2026-03-29&to=2026-03-29")
    assert auditor.page.inner_text("#R7 .number a") == "1"
    auditor.page.fill("main input[name=from]", "2026-03-30")
    auditor.page.fill("main input[name=to]", "")
    auditor.click("form.asked button")
    assert auditor.page.locator("#R7 .number a").count() == 0
    assert "role=owner" in auditor.page.url


def test_an_analyst_sees_how_often_and_not_who(opener: Opener) -> None:
    analyst = opener.enter("analyst")
    analyst.go("/console/rules")
    assert analyst.page.locator("#R7 .number").first.inner_text() == "1"
    assert analyst.page.locator("#R7 a, .grid .number a").count() == 0
    assert analyst.go("/console/rules/refusals?rule=R7") == 403


def test_who_may_read_no_reports_sees_the_rules_without_figures(opener: Opener) -> None:
    admin = opener.enter("admin")
    assert admin.go("/console/rules") == 200
    assert admin.page.locator("#R7 .number").count() == 0
