"""An export has every row once, whole, in each format, and its hash before its first byte."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from base64 import b64decode
from hashlib import sha256
from typing import Any

import httpx
import orjson
import psutil
import pyarrow.parquet
import pytest

from entrypoints.http import exports
from entrypoints.http.export_question import tables
from entrypoints.ui.values import json_text, rows_of
from projections.serving.client import ask
from tests.entrypoints.calling import ROOT, call
from tests.http.clients import Served
from tests.ledger.lines import lines_of_calls

EXPORTS = "/v1/exports"


def exported(served: Served, **query: Any) -> httpx.Response:
    answer = served.auditor.get(EXPORTS, params=query)
    assert answer.status_code == 200, answer.text
    return answer


def rows_in(answer: httpx.Response) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in answer.content.splitlines()][:-1]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_file_is_whole_by_what_was_said_of_it_before(form: str, served_week: Served) -> None:
    answer = exported(served_week, table="calls", format=form)
    digest = sha256(answer.content).digest()
    assert answer.headers["ledger-sha-256"] == digest.hex()
    assert b64decode(answer.headers["repr-digest"].removeprefix("sha-256=:")[:-1]) == digest
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    asked = ask(served_week.folder, "select count(*) as calls from calls")
    assert answer.headers["ledger-rows"] == str(asked.table["calls"][0])
    assert answer.headers["ledger-position"] == str(asked.position)


def test_json_lines_end_with_what_is_in_them(served_week: Served) -> None:
    answer = exported(served_week, table="exits", format="jsonl", queue="support")
    rows, _, last = answer.content.removesuffix(b"\n").rpartition(b"\n")
    said = orjson.loads(last)["export"]
    assert said["sha256_of_rows"] == sha256(rows + b"\n").hexdigest()
    assert said["rows"] == len(rows.splitlines()) == int(answer.headers["ledger-rows"])
    assert (said["table"], said["queue"]) == ("exits", "support")
    assert said["position"] == int(answer.headers["ledger-position"])


@pytest.mark.parametrize("name", tables())
def test_every_table_has_its_rows_in_the_order_of_its_key(name: str, served_week: Served) -> None:
    table = ask(served_week.folder, in_order(name)).table
    names, rows = rows_of(table)
    told = orjson.loads(json_text([dict(zip(names, row, strict=True)) for row in rows]))
    assert rows_in(exported(served_week, table=name, format="jsonl")) == told


def in_order(name: str) -> str:
    return f"select * from {name} order by {', '.join(tables()[name])}"


def test_a_table_has_the_form_that_the_command_line_gives_it(served_week: Served) -> None:
    lines = call(served_week.folder.path, "sql", in_order("calls"), "--csv").out
    assert exported(served_week, table="calls").text == lines
    parquet = exported(served_week, table="calls", format="parquet").content
    table = pyarrow.parquet.read_table(io.BytesIO(parquet))
    assert table.equals(ask(served_week.folder, in_order("calls")).table)
    assert table.schema.metadata[b"table"] == b"calls"


@pytest.mark.parametrize("name", ["exits", "agents"])
@pytest.mark.parametrize("by", [[], ["day", "queue"]])
def test_a_report_has_the_rows_of_the_command_line(
    name: str, by: list[str], served_week: Served
) -> None:
    options = [word for one in by for word in ("--by", one)]
    told = call(served_week.folder.path, "report", name, "--csv", *options).out
    assert exported(served_week, report=name, by=by).text == told
    groups = call(served_week.folder.path, "report", name, "--json", *options).json
    rows = rows_in(exported(served_week, report=name, by=by, format="jsonl"))
    assert rows == (groups["groups"] or [groups["total"]])


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ({"queue": "support"}, "queue = 'support'"),
        ({"from": "2026-03-03", "to": "2026-03-04"}, "day(entered_at) in (3, 4)"),
        ({"agent": "agent-1"}, "true"),
        ({"source": "nowhere"}, "false"),
    ],
)
@pytest.mark.parametrize("table", ["calls", "exits", "events"])
def test_a_table_has_the_rows_of_the_calls_that_are_asked_for(
    table: str, query: dict[str, str], condition: str, served_week: Served
) -> None:
    rows = rows_in(exported(served_week, table=table, format="jsonl", **query))
    calls = f"select call_position from calls where {condition}"
    if "agent" in query:
        calls = "select call_position from participants where party = 'agent-1'"
    sql = f"select count(*) as n from {table} where call_position in ({calls})"
    assert len(rows) == ask(served_week.folder, sql).table["n"][0].as_py()


def test_tables_of_no_call_have_filters_of_their_own(served_week: Served) -> None:
    for table, query, condition in (
        ("agent_days", {"agent": "agent-1", "to": "2026-03-03"}, "agent = 'agent-1' and day < $to"),
        ("refusals", {"agent": "agent-1", "from": "2026-01-01"}, "actor = 'agent-1'"),
    ):
        rows = rows_in(exported(served_week, table=table, format="jsonl", **query))
        sql = f"select count(*) as n from {table} where {condition}".replace("$to", "'2026-03-04'")
        assert len(rows) == ask(served_week.folder, sql).table["n"][0].as_py()
        refused = served_week.auditor.get(EXPORTS, params={"table": table, "queue": "support"})
        assert (refused.status_code, "has no queue" in refused.text) == (400, True)


def test_an_export_is_of_the_moment_that_is_asked_for(served_week: Served) -> None:
    answer = exported(served_week, table="events", known_at="20", format="jsonl")
    assert [row["position"] for row in rows_in(answer)] == [*range(1, 21)]
    assert answer.headers["ledger-position"] == "20"


def test_what_a_spreadsheet_could_run_is_made_safe_unless_asked_otherwise(served: Served) -> None:
    (receive, *_) = lines_of_calls(1)
    served.ask(receive.replace(b'"sales"', b'"=1+1"'))
    safe = next(csv.DictReader(io.StringIO(exported(served, table="calls").text)))
    raw = next(csv.DictReader(io.StringIO(exported(served, table="calls", raw=True).text)))
    assert (safe["queue"], raw["queue"]) == ("'=1+1", "=1+1")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"table": "calls", "report": "exits"},
        {"table": "feed_positions"},
        {"table": "calls", "by": "day"},
        {"report": "nothing"},
        {"report": "exits", "by": "nothing"},
        {"table": "calls", "format": "xlsx"},
        {"table": "calls", "from": "yesterday"},
    ],
)
def test_an_export_that_makes_no_sense_is_said_to_make_none(
    query: dict[str, str], served_week: Served
) -> None:
    answer = served_week.auditor.get(EXPORTS, params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("table", ["events", "refusals"])
def test_what_people_have_said_is_exported_by_auditors_alone(
    table: str, served_week: Served
) -> None:
    refused = served_week.analyst.get(EXPORTS, params={"table": table})
    assert (refused.status_code, refused.json()["detail"].endswith("analyst.")) == (403, True)
    assert served_week.analyst.get(EXPORTS, params={"table": "calls"}).status_code == 200


def test_an_export_is_logged(served: Served) -> None:
    served.ask(lines_of_calls(1)[0])
    exported(served, table="calls", queue="sales")
    log = served.auditor.get("/v1/readings").json()["readings"]
    assert [(one["operation"], one["address"]) for one in log[:-1]] == [
        ("export rows", f"{EXPORTS}?table=calls&queue=sales")
    ]


def test_nothing_is_left_behind(served: Served) -> None:
    served.ask(lines_of_calls(1)[0])
    exported(served, table="calls")
    opened = {one.path for one in psutil.Process().open_files()}
    assert not any("export-" in path for path in opened)
    assert not [*served.folder.path.glob("export-*")]


def test_an_export_beyond_its_bound_is_said_to_be_one(
    served_week: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "LARGEST_BYTES", 100)
    answer = served_week.auditor.get(EXPORTS, params={"table": "calls"})
    assert (answer.status_code, "shorter period" in answer.json()["detail"]) == (400, True)


PEAK = """
import resource, sys
from pathlib import Path
from tempfile import TemporaryFile
from entrypoints.http.exports import BOUNDS, LARGEST_BYTES
from projections.serving.client import Reader
from projections.serving.isolated import Task
with TemporaryFile() as file, Reader(Path(sys.argv[1])) as reader:
    facts = {
        "descriptor": file.fileno(), "largest_bytes": LARGEST_BYTES, "format": sys.argv[2],
        "raw": False, "time_zone": "UTC", "is_grouped": False, "about": {},
    }
    task = Task("entrypoints.http.export_process", facts=facts, descriptors=(file.fileno(),))
    sql = "select range as n, repeat(md5(range::varchar), 20) as text from range(250_000)"
    reader.query(sql, None, BOUNDS, None, task)
    size_bytes = file.seek(0, 2)
print(size_bytes, 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_memory_does_not_grow_with_an_export(form: str, served: Served) -> None:
    served.ask(lines_of_calls(1)[0])
    command = [sys.executable, "-c", PEAK, str(served.folder.path), form]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    size_bytes, peak_bytes = map(int, done.stdout.split())
    print(f"{form}: {size_bytes:,} bytes, at most {peak_bytes:,} bytes of memory")
    assert peak_bytes < 280_000_000
    assert form == "parquet" or size_bytes > 160_000_000
