"""The access log for auditors, and keys for admins: each shown to its own role alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from entrypoints.http.access_log import readings_of
from entrypoints.http.keys import Keys
from tests.console.entering import entered, send
from tests.console.reading import Opened, Opener
from tests.http.clients import Served


def test_the_log_says_who_read_what_by_which_question(auditor: Opened) -> None:
    auditor.go("/console/find?q=queue:support rule:R7")
    auditor.go("/console/access-log")
    first, second = auditor.page.locator("tbody tr").all_inner_texts()[:2]
    assert "read who has read" in first
    assert all(word in second for word in ("<b>Ada</b>", "list calls", "q=queue:support rule:R7"))
    auditor.page.fill("input[name=text]", "R7")
    auditor.click("main form.asked button")
    assert all("R7" in row for row in auditor.page.locator("tbody tr").all_inner_texts())


def test_the_log_is_gone_through_by_pages_and_none_is_missing(week: Served) -> None:
    client = entered(week, "auditor")
    for _ in range(120):
        client.get("/console/find")
    numbers, page = [], "/console/access-log?operation=list+calls"
    for _ in range(9):
        text = client.get(page).text
        numbers += [
            int(one.partition("<")[0].replace(",", ""))
            for one in text.split('data-label="Number">')[1:]
        ]
        if 'rel="next"' not in text:
            break
        page = "/console/access-log?" + text.split('href="?')[-1].partition('"')[0].replace(
            "&amp;", "&"
        )
    log = readings_of(week.folder, 0, 10_000)
    listed = [one["number"] for one in log if one["operation"] == "list calls"]
    assert numbers == sorted(listed, key=lambda one: -int(str(one)))


@pytest.fixture
def admin(opener: Opener) -> Opened:
    return opener.enter("admin")


def test_an_admin_comes_to_what_an_admin_may_see(admin: Opened) -> None:
    assert admin.page.locator(".bar nav a[aria-current]").count() == 1
    assert admin.page.locator(".bar nav >> text=Find").count() == 0


def test_a_key_is_made_shown_once_and_revoked(admin: Opened, week: Served) -> None:
    admin.go("/console/keys")
    admin.click("text=Make a key")
    admin.page.select_option("select[name=role]", "analyst")
    admin.page.fill("input[name=note]", "Grace <b>")
    admin.click("text=Make the key")
    text = admin.page.inner_text("#made")
    key = Keys(week.folder).of(text, datetime.now(UTC))
    assert key is not None
    assert (key.role, key.note) == ("analyst", "Grace <b>")
    admin.click("text=To the keys")
    assert text not in admin.page.content()
    row = f"#key-{key.id}"
    assert "Grace <b>" in admin.page.inner_text(row)
    admin.click(f"{row} summary")
    admin.click(f"{row} button")
    admin.page.wait_for_selector(f"{row} >> text=revoked")
    assert Keys(week.folder).of(text, datetime.now(UTC)) is None
    asked = [one["address"] for one in readings_of(week.folder, 0, 10_000)]
    assert "/console/keys make role=analyst note=Grace <b> days=90" in asked
    assert f"/console/keys/{key.id}/revoke revoke" in asked
    assert admin.complaints == []


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"role": "king", "note": "x", "days": "1"}, "Choose a role."),
        ({"role": "writer", "note": "x", "days": "1"}, "has a source"),
        ({"role": "analyst", "note": "x", "days": "1", "agent": "a"}, "acts as an agent"),
        ({"role": "analyst", "note": " ", "days": "1"}, "for whom or what"),
        ({"role": "analyst", "note": "x", "days": "367"}, "from 1 to 366 days"),
        ({"role": "analyst", "note": "x" * 5_000, "days": "9"}, "A name is not right"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_no_key_is_not_made(form: dict[str, str], says: str, week: Served) -> None:
    client = entered(week, "admin")
    before = len(Keys(week.folder).all())
    answer = send(client, "/console/keys", form)
    assert answer.status_code == 400
    assert says in answer.text
    assert len(Keys(week.folder).all()) == before


def test_nobody_but_an_admin_and_no_other_site_changes_keys(week: Served) -> None:
    form = {"role": "admin", "note": "x", "days": "1"}
    for role in ("auditor", "analyst"):
        assert send(entered(week, role), "/console/keys", form).status_code == 403
    admin = entered(week, "admin")
    before = len(Keys(week.folder).all())
    elsewhere = send(admin, "/console/keys", form, Origin="https://elsewhere.example")
    assert elsewhere.status_code == 403
    assert send(admin, "/console/keys/00000000/revoke", {}).status_code == 404
    assert len(Keys(week.folder).all()) == before
