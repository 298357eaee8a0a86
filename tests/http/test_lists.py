"""Lists over HTTP: page by page, each row once, and the same as the command line's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from projections.serving.client import ask
from tests.entrypoints.calling import call
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.ledger.lines import lines_of_calls
from tests.projections.damaged_store import damage


def pages(served: Served, address: str | None, name: str) -> list[dict[str, Any]]:
    """The rows of all pages, from the first on."""
    seen: list[dict[str, Any]] = []
    while address is not None:
        page = served.auditor.get(address).json()
        seen += page[name]
        address = page["next"]
    return seen


def test_calls_are_found_by_customer_by_auditors_alone(served: Served) -> None:
    receive, other = lines_of_calls(2)[0], lines_of_calls(2)[6]
    served.ask(receive.replace(b'"queue":', b'"customer": "+39 06 1234", "queue":'))
    served.ask(other)
    assert [one["call_position"] for one in found_by(served, customer="+39 06 1234")] == [1]
    refused = served.analyst.get("/v1/calls", params={"customer": "+39 06 1234"})
    assert (refused.status_code, "1234" in refused.text) == (403, False)


def test_a_page_with_the_last_calls_has_no_next(served_week: Served) -> None:
    calls = len(found_by(served_week))
    assert served_week.auditor.get(f"/v1/calls?limit={calls}").json()["next"] is None
    assert served_week.auditor.get(f"/v1/calls?limit={calls - 1}").json()["next"] is not None


def test_refusals_have_what_was_asked_for_and_the_rule(served_week: Served) -> None:
    everything = served_week.auditor.get("/v1/refusals").json()
    rows = ask(served_week.folder, "select * from refusals order by refusal_number desc").table
    assert [one["refusal_number"] for one in everything["refusals"]] == (
        rows.column("refusal_number").to_pylist()
    )
    (some,) = {one["rule"] for one in everything["refusals"][:1]}
    found = served_week.auditor.get("/v1/refusals", params={"rule": some}).json()["refusals"]
    assert found == [one for one in everything["refusals"] if one["rule"] == some]
    assert pages(served_week, "/v1/refusals?limit=1", "refusals") == everything["refusals"]


def test_the_quarantine_is_that_of_the_command_line_page_by_page(tmp_path: Path) -> None:
    call(tmp_path, "record", "receive", "--call", "1", "--actor", "system")
    damage(tmp_path, 1, b"{}")
    call(tmp_path, "rebuild", "--from-store", "--set-aside-unreadable")
    with served_in(tmp_path) as served:
        lines = b"\n".join([b"no command %d" % number for number in range(5)])
        served.writer.post(
            "/v1/commands:batch", content=lines, headers={"Content-Type": "application/x-ndjson"}
        )
        for limit in (1, 2, 5, 6):
            seen = pages(served, f"/v1/quarantine?all=true&limit={limit}", "entries")
            told = call(tmp_path, "quarantine", "list", "--all", "--json").json
            assert seen == [{**one, "number": str(one["number"])} for one in told]
            assert [one["number"] for one in seen] == ["1", "2", "3", "4", "5", "store-1"]
        refused = served.auditor.get("/v1/quarantine?after=first")
        assert refused.status_code == 400


def test_the_log_of_readings_is_read_page_by_page(served: Served) -> None:
    for _ in range(4):
        served.analyst.get("/v1/calls")
    first = served.auditor.get("/v1/readings?limit=3").json()
    assert [one["number"] for one in first["readings"]] == [1, 2, 3]
    rest = served.auditor.get(first["next"]).json()
    assert [one["number"] for one in rest["readings"]] == [4, 5, 6]
    assert rest["next"] is None


def found_by(served: Served, **query: str) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = served.auditor.get("/v1/calls", params=query).json()["calls"]
    return calls
