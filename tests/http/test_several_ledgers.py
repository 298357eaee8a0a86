"""Over HTTP, a command of another ledger's call is misdirected, and its answer says where to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from ledger.feed import StoreFeed
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
