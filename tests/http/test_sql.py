"""SQL over HTTP: the rows of the command line, within its bounds, and nothing without the right."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson
import pytest

from entrypoints.http import service, sql
from projections.serving.sandbox import Bounds
from tests.entrypoints.calling import call
from tests.http.clients import JSON, Served
from tests.http.conftest import served_in

EXITS = "select reason, count(*) as exits, min(exited_at) as first from exits group by 1 order by 1"
SLOW = "select count(*) from range(1_000_000) a, range(1_000_000) b"


def asked(served: Served, query: str, role: str = "analyst", **params: str) -> httpx.Response:
    client: httpx.Client = getattr(served, role)
    return client.post("/v1/sql", json={"query": query}, params=params)


def test_a_statement_has_the_answer_of_the_command_line(served_week: Served) -> None:
    told = call(served_week.folder.path, "sql", EXITS, "--json").json
    answer = asked(served_week, EXITS)
    assert answer.json() == told
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["ledger-position"]) == told["position"]
    rome = call(served_week.folder.path, "sql", EXITS, "--csv", "--time-zone", "Europe/Rome").out
    assert asked(served_week, EXITS, format="csv", time_zone="Europe/Rome").text == rome
    early = call(served_week.folder.path, "sql", EXITS, "--json", "--known-at", "20").json
    assert asked(served_week, EXITS, known_at="20").json() == early
    assert asked(served_week, "select 1 as a where false").json()["rows"] == []


@pytest.mark.parametrize(
    "query",
    [
        "select * from events",
        "select * from main.events",
        "select * from ledger.main.events",
        "select (select count(*) from refusals)",
        "with a as (from events) from a",
        "with a as (from events), events as (select 1) from a",
        "with events as (from events) from events",
        "explain analyze (from events)",
        "summarize events",
    ],
)
def test_an_analyst_reads_nothing_that_people_have_said(query: str, served_week: Served) -> None:
    assert asked(served_week, query).status_code == 400
    assert asked(served_week, query, known_at="20").status_code == 400


def test_show_tables_lists_what_the_key_may_read(served_week: Served) -> None:
    listed = {
        role: {row["name"] for row in asked(served_week, "show tables", role).json()["rows"]}
        for role in ("analyst", "auditor")
    }
    assert listed["auditor"] - listed["analyst"] == {"events", "refusals"}
    assert "calls" in listed["analyst"]


def test_an_auditor_reads_events(served_week: Served) -> None:
    answer = asked(served_week, "select count(*) as events from events", "auditor")
    assert answer.json()["rows"] == [{"events": answer.json()["position"]}]


@pytest.mark.parametrize(
    "query",
    [
        "drop table calls",
        "select * from read_csv('/etc/passwd')",
        "copy calls to '/tmp/calls.csv'",
        "select * from nothing",
        "selekt",
        "select 1; select 2",
        "select * from feed_positions",
    ],
)
def test_a_statement_that_does_not_only_read_is_refused_with_a_sentence(
    query: str, served_week: Served
) -> None:
    answer = asked(served_week, query)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "bounds", "says"),
    [
        ("select * from range(11)", Bounds(rows=10), "more than 10 rows"),
        (SLOW, Bounds(seconds=0.5), "more than 0.5 seconds"),
        ("select repeat('x', 2_000_000) as text", Bounds(answer_megabytes=1), "more than 1 MB"),
    ],
)
def test_an_answer_has_bounds(
    query: str, bounds: Bounds, says: str, served_week: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "USUAL", bounds)
    answer = asked(served_week, query)
    assert (answer.status_code, says in answer.json()["detail"]) == (400, True)


def test_statements_and_exports_beyond_so_many_at_a_time_are_to_be_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PROCESS_SECONDS", 0.1)
    monkeypatch.setattr(service, "MOST_PROCESSES", 0)
    with served_in(tmp_path) as served:
        for answer in (
            asked(served, "select 1"),
            served.analyst.get("/v1/exports", params={"table": "calls"}),
        ):
            assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"query": ""}', b'{"query": 1}', b'{"query": "x", "a": 1}']
)
def test_a_body_that_is_no_question_is_said_to_be_none(body: bytes, served_week: Served) -> None:
    answer = served_week.analyst.post("/v1/sql", content=body, headers=JSON)
    assert answer.status_code == 400
    long = orjson.dumps({"query": "select 1" + " " * 100_000})
    assert served_week.analyst.post("/v1/sql", content=long, headers=JSON).status_code == 400


def test_a_statement_is_logged_as_it_was_asked(served: Served) -> None:
    asked(served, "select 1 -- why not")
    log = served.auditor.get("/v1/readings").json()["readings"]
    assert (log[0]["role"], log[0]["operation"], log[0]["address"]) == (
        "analyst",
        "ask in SQL",
        "/v1/sql select 1 -- why not",
    )
