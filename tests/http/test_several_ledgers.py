"""Over HTTP, a command of another ledger's call is misdirected, and its answer says where to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from infra.settings import Settings
from ledger.feed import StoreFeed
from ledger.intake import read_request
from ledger.ledger import Ledger
from tests.console.entering import entered, send
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.ledger.lines import lines_of_calls
from tests.several_ledgers import ledgers_in, place_of

BY_HASH = """
by = "hash"
buckets = 2
[ledgers.north]
buckets = [0]
[ledgers.south]
buckets = [1]
"""


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Served]:
    """The server of north, which reads south as well."""
    ledgers = ledgers_in(tmp_path, BY_HASH)
    several = [(Settings(), place_of(ledgers, name)) for name in ("north", "south")]
    with Ledger.open(several[1][1]) as south:
        south.record_many([read_request(line) for line in lines_of_calls(20)])
    with served_in(several[0][1], several=several) as served:
        served.ask(homes(served)["north"])
        yield served


@pytest.fixture
def north(tmp_path: Path) -> Iterator[Served]:
    """The ledger of every second call."""
    with served_in(place_of(ledgers_in(tmp_path, BY_HASH), "north")) as served:
        yield served


def homes(served: Served) -> dict[str, bytes]:
    """The first command of a call of each ledger."""
    member = served.folder.member
    assert member is not None
    first = lines_of_calls(20)[::6]
    return {str(member.home_of("test", orjson.loads(one)["call_id"])): one for one in first}


def test_a_command_of_another_ledgers_call_is_misdirected_and_nothing_is_kept(
    north: Served,
) -> None:
    answer = north.ask(homes(north)["south"])
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["ledger"]) == ("urn:call-ledger:wrong-ledger", "south")
    assert problem["detail"].endswith("ask south.")
    with StoreFeed(north.folder) as feed:
        assert feed.head() == (0, 0)
    assert north.ask(homes(north)["north"]).status_code == 201
    metrics = north.admin.get("/metrics").text
    assert 'call_ledger_commands_total{outcome="misdirected"} 1.0' in metrics
    assert 'call_ledger_commands_total{outcome="recorded"} 1.0' in metrics


def test_a_call_of_another_ledger_is_looked_for_there_and_one_of_nobody_is_not_there(
    north: Served,
) -> None:
    for of_call in ("", "/events", "/timeline"):
        for home, status in (("south", 421), ("north", 404)):
            call_id = orjson.loads(homes(north)[home])["call_id"]
            answer = north.auditor.get(f"/v1/calls/test/{call_id}{of_call}")
            assert (answer.status_code, answer.json().get("ledger")) == (
                status, "south" if status == 421 else None,
            )  # fmt: skip


def test_of_many_lines_each_is_answered_alone(north: Served) -> None:
    lines = homes(north)
    answer = north.writer.post(
        "/v1/commands:batch",
        content=b"\n".join([lines["south"], lines["north"]]),
        headers={"Content-Type": "application/x-ndjson"},
    )
    south, own = (orjson.loads(line) for line in answer.content.splitlines())
    assert (south["outcome"], south["rule"], south["ledger"]) == (
        "refused", "wrong-ledger", "south",
    )  # fmt: skip
    assert (own["outcome"], own["position"]) == ("recorded", 1)


def test_a_report_says_of_which_ledger_it_is(north: Served) -> None:
    north.ask(homes(north)["north"])
    answer = north.analyst.get("/v1/reports/open").json()
    assert (answer["ledger"], answer["position"]) == ("north", 1)


def test_reports_over_all_ledgers_add_up_and_say_the_position_of_each(both: Served) -> None:
    listed = both.analyst.get("/v1/ledgers").json()["ledgers"]
    assert [(one["ledger"], one["problem"]) for one in listed] == [("north", None), ("south", None)]
    assert (listed[0]["position"], "store" in listed[0]) == (1, False)
    answer = both.analyst.get("/v1/reports/open", params={"ledgers": "all", "by": "ledger"})
    document = answer.json()
    assert document["ledgers"] == [
        {"ledger": one["ledger"], "position": one["position"]} for one in listed
    ]
    refused = both.analyst.get(
        "/v1/reports/refusals", params={"ledgers": "all", "by": "ledger"}
    ).json()
    assert [one["ledger"] for one in refused["groups"]] == ["south"]
    summed = sum(one["entered"] for one in document["groups"])
    own = both.analyst.get("/v1/reports/open").json()
    assert summed == document["total"]["entered"] > own["total"]["entered"]
    of_all = {"ledgers": "all"}
    for name in ("known_at", "wait_for"):
        position = both.analyst.get("/v1/reports/open", params=of_all | {name: 1})
        assert (position.status_code, "one ledger's own" in position.text) == (400, True), name
    earlier = both.analyst.get("/v1/reports/open", params=of_all | {"known_at": "2001-01-01"})
    assert earlier.json()["total"]["entered"] == 0
    assert [one["as_of"]["known_at"]["position"] for one in earlier.json()["ledgers"]] == [0, 0]


def test_where_a_ledger_is_that_cannot_be_read_is_told_to_nobody_over_http(tmp_path: Path) -> None:
    ledgers = ledgers_in(tmp_path, BY_HASH)
    several = [(Settings(), place_of(ledgers, name)) for name in ("north", "south")]
    damaged = several[1][1].sqlite_file
    damaged.parent.mkdir()
    damaged.write_text("this is a shopping list\n" * 100)
    with served_in(several[0][1], several=several) as served:
        over_http = served.analyst.get("/v1/reports/open?ledgers=all")
        page = entered(served, "auditor").get("/console/reports/open?ledgers=all")
    for answer in (over_http, page):
        assert (answer.status_code, "Ledger south cannot be read" in answer.text) == (503, True)
        assert str(tmp_path) not in answer.text


def test_pages_list_all_ledgers_and_show_a_report_over_them(both: Served) -> None:
    auditor = entered(both, "auditor")
    assert "/console/operations/ledgers" in auditor.get("/console/operations").text
    page = auditor.get("/console/operations/ledgers").text
    assert "north" in page
    assert "south" in page
    address = "/console/reports/open?ledgers=all&by=ledger"
    report = auditor.get(address).text
    assert "Over all ledgers:" in report
    assert "north at 1" in report
    assert "north at 0" in auditor.get(f"{address}&known_at=2001-01-01").text
    position = auditor.get(f"{address}&known_at=1")
    assert (position.status_code, "name a time" in position.text) == (400, True)
    assert auditor.get(address.replace("open?", "open/calls?")).status_code == 404
    assert send(auditor, address.replace("?", "/save?"), {"name": "one"}).status_code == 409


def test_a_server_of_one_ledger_says_that_it_reads_no_other(north: Served) -> None:
    for path in ("/v1/ledgers", "/v1/reports/open?ledgers=all"):
        answer = north.analyst.get(path)
        assert (answer.status_code, "--all-ledgers" in answer.json()["detail"]) == (404, True)
