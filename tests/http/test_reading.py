"""What is read over HTTP is what the command line says, and each reading is in the log."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from entrypoints.http.access_log import FILE_NAME, AccessLog, Reading, readings_of
from infra.errors import LedgerUnavailable
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.intake import read_request
from ledger.ledger import Ledger
from projections.reports import REPORTS
from projections.serving.client import ask
from projections.serving.server import owning
from tests.entrypoints.calling import call
from tests.http.clients import NOTHING_MORE, Served
from tests.http.conftest import served_in
from tests.ledger.lines import all_documents, lines_of_calls
from tests.projections.damaged_store import damage

READS = [
    "/v1/calls?",
    "/v1/calls/test/call-0?",
    "/v1/calls/test/call-0/events?",
    "/v1/calls/test/call-0/timeline?",
    "/v1/exports?table=calls&",
    "/v1/quarantine?",
    "/v1/refusals?",
    "/v1/reports/exits?",
]


@pytest.mark.parametrize("read", READS)
def test_a_parameter_that_is_not_there_is_said_and_not_passed_over(
    read: str, served_week: Served
) -> None:
    answer = served_week.auditor.get(f"{read}form=2026-03-01")
    assert answer.status_code == 400
    assert "'form' is no parameter here: there are " in answer.json()["detail"]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_that_of_the_command_line(name: str, served_week: Served) -> None:
    options = ["--by", "day", "--time-zone", "Europe/Rome", "--from", "2026-03-01"]
    told = call(served_week.folder.path, "report", name, "--json", *options)
    query = {"by": "day", "time_zone": "Europe/Rome", "from": "2026-03-01"}
    answer = served_week.analyst.get(f"/v1/reports/{name}", params=query)
    assert answer.json() == told.json
    assert int(answer.headers["ledger-position"]) == told.json["position"]


def test_the_picture_of_a_report_is_that_of_the_command_line(
    served_week: Served, tmp_path: Path
) -> None:
    drawn = tmp_path / "exits.svg"
    call(served_week.folder.path, "report", "exits", "--by", "reason", "--plot", str(drawn))
    query = {"by": "reason", "plot": "svg"}
    answer = served_week.analyst.get("/v1/reports/exits", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.text == drawn.read_text(encoding="utf-8")
    assert int(answer.headers["ledger-position"]) > 0
    log = served_week.auditor.get("/v1/readings?limit=1000").json()["readings"]
    assert "/v1/reports/exits?by=reason&plot=svg" in [one["address"] for one in log]
    for client in (served_week.writer, served_week.admin):
        assert client.get("/v1/reports/exits?plot=svg").status_code == 403
    assert served_week.analyst.get("/v1/reports/exits?plot=exe").status_code == 400


def test_the_list_of_reports_has_each_with_its_definitions(served_week: Served) -> None:
    listed = served_week.analyst.get("/v1/reports").json()["reports"]
    assert {one["name"] for one in listed} == REPORTS.keys()
    assert all(one["definitions"] and one["groupings"] for one in listed)


@pytest.mark.parametrize(
    "query",
    [
        {"by": "nothing"},
        {"from": "yesterday"},
        {"from": "0001-01-01T00:00+14:00"},
        {"time_zone": "Mars"},
        {"known_at": "x"},
        {"known_at": "9" * 5_000},
    ],
)
def test_a_question_that_makes_no_sense_is_said_to_make_none(
    query: dict[str, str], served_week: Served
) -> None:
    answer = served_week.analyst.get("/v1/reports/exits", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (
        400,
        "application/problem+json",
    )


def test_pages_have_every_call_once_and_newest_first(served_week: Served) -> None:
    seen: list[int] = []
    address: str | None = "/v1/calls?limit=2"
    while address is not None:
        page = served_week.analyst.get(address).json()
        seen += [one["call_position"] for one in page["calls"]]
        address = page["next"]
    rows = ask(served_week.folder, "select call_position from calls order by 1 desc").table
    assert seen == rows.column("call_position").to_pylist()


def calls_with(served: Served, **query: Any) -> set[int]:
    answer = served.auditor.get("/v1/calls", params=query)
    return {one["call_position"] for one in answer.json()["calls"]}


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ({"transferred": "true"}, "transfer_count > 0"),
        ({"transferred": "false"}, "transfer_count = 0"),
        ({"phase": "closed"}, "phase = 'closed'"),
        ({"conference": "true"}, "conference_count > 0"),
        ({"conference": "false"}, "conference_count = 0"),
        ({"refused": "true"}, "call_id in (select call_id from refusals)"),
        ({"refused": "false"}, "call_id not in (select call_id from refusals)"),
        (
            {"reason": "sold"},
            "call_position in (select call_position from wrap_ups where reason = 'sold')",
        ),
        ({"rule": "R7"}, "call_id in (select call_id from refusals where rule = 'R7')"),
        (
            {"queue": "support"},
            "call_position in (select call_position from queue_entries where queue = 'support')",
        ),
        (
            {"from": "2026-03-03", "to": "2026-03-04"},
            "entered_at >= '2026-03-03' and entered_at < '2026-03-05'",
        ),
    ],
)
def test_calls_are_found_by_what_they_are(
    query: dict[str, str], condition: str, served_week: Served
) -> None:
    rows = ask(served_week.folder, f"select call_position from calls where {condition}").table
    assert calls_with(served_week, **query) == set(rows.column("call_position").to_pylist())


def test_calls_are_found_by_who_was_in_them(served_week: Served) -> None:
    rows = ask(
        served_week.folder,
        "select party, list(distinct call_position) as calls from participants"
        " where party_kind = 'agent' group by party",
    ).table.to_pylist()
    assert rows
    for row in rows:
        assert calls_with(served_week, agent=row["party"]) == set(row["calls"])


def test_a_calls_events_are_the_documents_that_were_recorded(served: Served) -> None:
    for line in lines_of_calls(2):
        served.ask(line)
    answer = served.auditor.get("/v1/calls/test/call-1/events")
    documents = [one for one in all_documents(served.folder) if b'"subject":"call-1"' in one]
    assert answer.content == b'{"position":14,"events":[%s]}' % b",".join(documents)
    early = served.auditor.get("/v1/calls/test/call-1/events", params={"known_at": "9"}).json()
    assert early["events"] == [orjson.loads(one) for one in documents[:2]]


def test_a_timeline_has_the_lanes_of_the_picture(served: Served, tmp_path: Path) -> None:
    for line in lines_of_calls(1):
        served.ask(line)
    where = "/v1/calls/test/call-0/timeline"
    drawn = served.auditor.get(where).json()
    assert [lane["party"] for lane in drawn["lanes"]] == ["customer", "agent-1"]
    states = [one["state"] for one in drawn["lanes"][0]["intervals"]]
    assert states == ["waiting", "talk"]
    assert {mark["kind"] for mark in drawn["lanes"][1]["marks"]} >= {"offer", "exit"}
    svg = served.auditor.get(where, headers={"Accept": "image/svg+xml"})
    assert svg.headers["content-type"].startswith("image/svg+xml")
    call(served.folder.path, "call", "timeline", "call-0", "--svg", str(tmp_path / "call.svg"))
    assert svg.text == (tmp_path / "call.svg").read_text("utf-8")


def test_what_was_just_answered_is_read(served: Served) -> None:
    for line in lines_of_calls(1):
        served.ask(line)
        where = "/v1/calls/test/" + orjson.loads(line)["call_id"]
        events = len(served.auditor.get(f"{where}/events").json()["events"])
        state = served.auditor.get(where)
        assert state.headers["etag"] == f'"{events}"' == f'"{state.json()["call"]["event_count"]}"'


def test_a_call_and_its_events_are_all_there_however_far_behind_the_tables_are(
    served: Served,
) -> None:
    lines = lines_of_calls(1)
    with owning(served.folder.path):  # by somebody who does not bring them up
        for line in lines:
            served.ask(line)
        events = served.auditor.get("/v1/calls/test/call-0/events")
        state = served.auditor.get("/v1/calls/test/call-0")
    assert events.json()["events"] == documents_of(served, "call-0")
    assert events.json()["position"] == int(events.headers["ledger-position"]) == 7
    assert (state.status_code, state.headers["etag"]) == (200, '"7"')
    assert state.json()["position"] == int(state.headers["ledger-position"]) == 7
    shown = served.auditor.get("/v1/calls/test/call-0", params={"wait_for": 7})
    assert state.json()["call"] == shown.json()["call"]


def documents_of(served: Served, call_id: str) -> list[Any]:
    with StoreFeed(served.folder) as feed:
        return [orjson.loads(one) for one in feed.documents_of("test", call_id)]


def test_a_position_that_is_not_there_yet_is_to_be_asked_again(served: Served) -> None:
    answer = served.ask(lines_of_calls(1)[0])
    position = answer.headers["ledger-position"]
    where = "/v1/calls/test/call-0"
    assert served.auditor.get(where, params={"wait_for": position}).status_code == 200
    later = served.auditor.get(where, params={"wait_for": "1000"})
    assert (later.status_code, int(later.headers["retry-after"]) > 0) == (503, True)
    for where in READS:
        waits = served.auditor.get(f"{where}wait_for=1000")
        assert (waits.status_code, "waits for position 1,000" in waits.json()["detail"]) == (
            503,
            True,
        ), where
    asked = {"query": "select 1"}
    assert served.auditor.post("/v1/sql?wait_for=1000", json=asked).status_code == 503


@pytest.mark.parametrize("part", ["", "/events", "/timeline"])
def test_a_call_that_may_still_come_is_waited_for_and_not_said_to_be_nowhere(
    part: str, served: Served
) -> None:
    served.ask(lines_of_calls(1)[0])
    where = f"/v1/calls/test/later{part}"
    assert served.auditor.get(where, params={"wait_for": "1"}).status_code == 404
    assert served.auditor.get(where, params={"wait_for": "2"}).status_code == 503


def test_an_earlier_moment_may_be_asked_for_once_a_later_position_is_there(served: Served) -> None:
    for line in lines_of_calls(1)[:3]:
        position = served.ask(line).headers["ledger-position"]
    asked = {"known_at": "1", "wait_for": position}
    for where in ("/v1/calls/test/call-0", "/v1/calls", "/v1/reports/holds"):
        assert served.auditor.get(where, params=asked).status_code == 200, where


def test_the_version_of_a_call_counts_the_events_that_cannot_be_read(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        for line in lines_of_calls(1)[:3]:
            ledger.record(read_request(line).command)
    damage(tmp_path, 2, b"{}")
    call(tmp_path, "rebuild", "--from-store", "--set-aside-unreadable")
    with served_in(tmp_path) as served:
        assert served.auditor.get("/v1/calls/test/call-0").headers["etag"] == '"3"'


def test_a_call_that_is_not_there_is_said_not_to_be(served_week: Served) -> None:
    assert served_week.auditor.get("/v1/calls/nowhere/nothing").status_code == 404
    assert served_week.auditor.get("/v1/reports/nothing").status_code == 404
    assert served_week.auditor.get("/v1/nothing").status_code == 404
    assert served_week.auditor.delete("/v1/rules").status_code == 405


def test_each_reading_is_in_the_log_with_its_key_and_its_question(served: Served) -> None:
    served.ask(lines_of_calls(1)[0])
    served.analyst.get("/v1/calls?queue=sales")
    served.auditor.get("/v1/calls/test/call-0/events")
    log = served.auditor.get("/v1/readings").json()["readings"]
    assert [(one["role"], one["operation"], one["address"]) for one in log] == [
        ("analyst", "list calls", "/v1/calls?queue=sales"),
        ("auditor", "read a call's events", "/v1/calls/test/call-0/events"),
        ("auditor", "read who has read", "/v1/readings"),
    ]
    told = call(served.folder.path, "access-log", "--json")
    assert told.json["readings"] == log
    assert served.auditor.get("/v1/readings?after=2").json()["readings"][0]["number"] == 3


def test_what_cannot_be_logged_is_not_read(served: Served) -> None:
    served.ask(lines_of_calls(1)[0])
    with sqlite3.connect(served.folder.path / FILE_NAME) as connection:
        connection.execute(NOTHING_MORE)
    for path in ("/v1/calls", "/v1/calls/test/call-0", "/v1/reports/exits", "/v1/readings"):
        answer = served.auditor.get(path)
        assert answer.status_code == 503
        assert "call-0" not in answer.text


def test_a_reading_stays_in_the_log_as_it_is(served: Served) -> None:
    served.auditor.get("/v1/calls")
    connection = sqlite3.connect(served.folder.path / FILE_NAME)
    for statement in ("delete from readings", "update readings set key_id = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="a reading stays"):
            connection.execute(statement)
    connection.close()


def test_readings_at_the_same_time_are_each_on_disk_when_they_go_on(tmp_path: Path) -> None:
    folder = LedgerFolder(tmp_path)
    log = AccessLog(folder)

    def read(number: int) -> bool:
        log.write(Reading("2026-01-01", f"key-{number}", "auditor", "list calls", "/v1/calls"))
        return f"key-{number}" in {one["key_id"] for one in readings_of(folder, 0, 10_000)}

    with ThreadPoolExecutor(16) as readers:
        assert all(readers.map(read, range(200)))
    log.close()
    assert len(readings_of(folder, 0, 10_000)) == 200


def test_a_failed_write_fails_every_reading_that_shared_it_and_none_after_it(
    tmp_path: Path,
) -> None:
    log = AccessLog(LedgerFolder(tmp_path))
    reading = Reading("2026-01-01", "key", "auditor", "list calls", "/v1/calls")
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute(NOTHING_MORE)
    with ThreadPoolExecutor(8) as readers:
        failed = [readers.submit(log.write, reading) for _ in range(20)]
    assert all(isinstance(one.exception(), LedgerUnavailable) for one in failed)
    other.execute("drop trigger nothing_more")
    other.close()
    log.write(reading)
    log.close()
    assert len(readings_of(LedgerFolder(tmp_path), 0, 10)) == 1


def test_a_questioner_who_goes_away_takes_nothing_along(served_week: Served) -> None:
    for _ in range(20):
        with pytest.raises(httpx.TimeoutException):
            served_week.analyst.get("/v1/reports/exits", timeout=0.0005)
    assert served_week.analyst.get("/v1/reports/exits").status_code == 200
