"""What the commands that read print: for people, as JSON, as CSV, as Parquet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet
import pytest

from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from projections.reports import REPORTS
from tests.entrypoints.calling import Answer, call
from tests.ledger.scenes import command, connected


def rows_of(answer: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.out)))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_prints_its_definitions_its_denominator_and_its_position(
    told: Path, name: str
) -> None:
    report = REPORTS[name]
    answer = call(told, "report", name)
    assert answer.code == 0
    for words in (report.question, report.denominator, "computed at position 70."):
        assert words in answer.said
    for figure in report.figures:
        assert figure.definition in answer.said


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_the_same_as_json_csv_and_parquet(
    told: Path, name: str, tmp_path: Path
) -> None:
    as_json = call(told, "report", name, "--by", "source", "--json").json
    assert as_json["position"] == 70
    assert as_json["denominator"] == REPORTS[name].denominator
    assert list(as_json["definitions"]) == [figure.name for figure in REPORTS[name].figures]
    as_csv = rows_of(call(told, "report", name, "--by", "source", "--csv"))
    file = tmp_path / "report.parquet"
    said = call(told, "report", name, "--by", "source", "--parquet", str(file))
    as_parquet = pyarrow.parquet.read_table(file)
    assert said.code == 0
    assert as_parquet.schema.metadata[b"position"] == b"70"
    groups = [row for row in as_parquet.to_pylist() if not row.pop("is_total")]
    assert groups
    assert [row["source"] for row in as_csv] == [row["source"] for row in groups]
    for group, row, line in zip(groups, as_json["groups"], as_csv, strict=True):
        assert row == group
        assert {name: value or None for name, value in line.items()} == {
            name: None if value is None else str(value) for name, value in group.items()
        }


def test_without_groups_the_total_is_the_one_row(told: Path) -> None:
    assert rows_of(call(told, "report", "transfers", "--csv"))[0]["transfers"] == "2"
    as_json = call(told, "report", "transfers", "--json").json
    assert as_json["groups"] == []
    assert as_json["total"]["transfers"] == 2


def test_the_period_and_the_filters_are_those_asked_for_and_are_said(told: Path) -> None:
    sunday = ("--from", "2026-03-29", "--to", "2026-03-29", "--time-zone", "Europe/Rome")
    answer = call(told, "report", "exits", *sunday, "--queue", "support", "--json").json
    assert answer["period"] == (
        "Calls entered from 2026-03-28 23:00:00 UTC to before 2026-03-29 22:00:00 UTC, "
        "queue support, groups in Europe/Rome"
    )
    assert answer["total"]["calls"] == 2
    assert call(told, "report", "exits", "--agent", "agent-3", "--json").json["total"]["exits"] == 2


def test_the_time_zone_can_be_set_once_for_all_commands(told: Path) -> None:
    rome = {"CALL_LEDGER_TIME_ZONE": "Europe/Rome"}
    answer = call(told, "report", "open", "--by", "day", "--json", variables=rome)
    assert [row["day"] for row in answer.json["groups"]] == [
        *("2026-03-28", "2026-03-29", "2026-03-30")
    ]


def test_from_a_figure_down_to_the_bytes_that_were_recorded(told: Path) -> None:
    """Report, its calls, a call, its events."""
    held = call(told, "report", "exits", "--json").json["total"]["left_while_held"]
    assert held == 1
    behind = call(told, "report", "exits", "--calls", "--json").json
    assert behind["calls_in_all"] == len(behind["calls"]) == 5
    call_id = next(row["call_id"] for row in behind["calls"] if row["call_id"] == "B")
    shown = call(told, "call", "show", call_id, "--source", "centre")
    assert "the customer left" in shown.said
    drawn = call(told, "call", "timeline", call_id, "--source", "centre")
    assert "hold" in drawn.out
    printed = call(told, "call", "show", call_id, "--source", "centre", "--json")
    with StoreFeed(told) as feed:
        stored = feed.documents_of("centre", call_id)
    assert printed.out.encode() == b"".join(document + b"\n" for document in stored)


def test_calls_are_listed_newest_first_with_filters(told: Path) -> None:
    listed = call(told, "call", "list", "--json").json
    assert [row["call_id"] for row in listed["calls"]] == ["G", "F", "E", "D", "C", "B", "A"]
    assert listed["position"] == 70
    ended = call(told, "call", "list", "--phase", "ended", "--json").json
    assert [row["call_id"] for row in ended["calls"]] == ["B"]
    two = call(told, "call", "list", "--limit", "2", "--json").json
    assert (len(two["calls"]), two["calls_in_all"]) == (2, 7)
    assert [row["call_id"] for row in rows_of(call(told, "call", "list", "--csv"))] == list(
        "GFEDCBA"
    )
    none = call(told, "call", "list", "--queue", "nowhere")
    assert none.code == 0
    assert "0 of 0 calls; at position 70." in none.out


def test_local_time_stands_beside_utc_where_it_is_another(told: Path) -> None:
    for arguments in (("call", "show", "A"), ("call", "list"), ("report", "exits", "--calls")):
        utc = call(told, *arguments).said
        rome = call(told, *arguments, "--time-zone", "Europe/Rome").said
        assert "22:30:00" in utc
        assert "23:30:00" in rome
        assert "22:30:00" in rome
    assert "Europe/Rome" not in call(told, "call", "show", "A").out


def test_a_timeline_is_drawn_to_a_file(told: Path, tmp_path: Path) -> None:
    file = tmp_path / "A.svg"
    answer = call(told, "call", "timeline", "A", "--svg", str(file))
    assert (answer.code, answer.out) == (0, f"Drawn to {file}.\n")
    assert file.read_text("utf-8").startswith("<svg")


def test_the_timeline_of_a_call_under_way_reaches_now(tmp_path: Path) -> None:
    began = datetime.now(UTC) - timedelta(minutes=20)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    with Ledger.open(tmp_path) as ledger:
        for one in connected("now"):
            ledger.record(one.model_copy(update={"occurred_at": began}))
        for one in connected("long-ago"):
            ledger.record(one.model_copy(update={"occurred_at": long_ago}))
        ledger.record(
            command(
                *("receive", "system", "durations-only"),
                occurred_at=began,
                time_source="derived",
                queue="sales",
            )
        )
    assert " · 20:" in call(tmp_path, "call", "timeline", "now").out
    assert " · 20:" not in call(tmp_path, "call", "timeline", "long-ago").out
    assert " · 20:" not in call(tmp_path, "call", "timeline", "durations-only").out


def test_two_sources_may_use_one_id_and_then_the_source_is_asked_for(tmp_path: Path) -> None:
    for source in ("north", "south"):
        receive = ("record", "receive", "--call", "1", "--actor", "system", "--source", source)
        assert call(tmp_path, *receive).code == 0
    unclear = call(tmp_path, "call", "show", "1")
    assert unclear.code == 3
    assert unclear.err == (
        "More than one source has a call 1; add --source north or --source south.\n"
    )
    assert "of south" in call(tmp_path, "call", "show", "1", "--source", "south").out


def test_sql_answers_as_a_table_json_csv_and_parquet(told: Path, tmp_path: Path) -> None:
    query = "select kind, count(*) as transfers from transfers group by kind order by kind"
    assert call(told, "sql", query, "--json").json == {
        "position": 70,
        "rows": [{"kind": "blind", "transfers": 1}, {"kind": "conference", "transfers": 1}],
    }
    assert call(told, "sql", query, "--csv").out == "kind,transfers\nblind,1\nconference,1\n"
    assert "2 rows; at position 70." in call(told, "sql", query).out
    file = tmp_path / "kinds.parquet"
    assert call(told, "sql", query, "--parquet", str(file)).code == 0
    assert pyarrow.parquet.read_table(file).num_rows == 2


def test_sums_and_ids_are_numbers_and_text_in_json(told: Path) -> None:
    query = "select sum(hold_count) as holds, sum(1.5) as more, any_value(command_id) as id, null n"
    rows = call(told, "sql", f"{query} from calls, events", "--json").json["rows"]
    assert rows[0]["holds"] == 6 * 70
    assert rows[0]["more"] == 1.5 * 7 * 70
    assert len(rows[0]["id"]) == 36


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("delete from calls", "Only select is allowed here"),
        ("select 1; select 2", "exactly one statement"),
        ("select * from nowhere", "nowhere"),
        ("select * from read_csv('/etc/passwd')", ""),
        ("selct 1", "selct"),
        ("", "exactly one statement"),
    ],
)
def test_sql_that_does_not_read_the_ledger_is_wrong_usage(
    told: Path, query: str, sentence: str
) -> None:
    answer = call(told, "sql", query)
    assert (answer.code, answer.out) == (2, "")
    assert sentence in answer.err


def test_status_counts_what_is_open_and_how_far_the_tables_are(told: Path) -> None:
    assert call(told, "report", "exits").code == 0  # Whoever reads brings the tables up.
    status = call(told, "status", "--json").json
    expected = {
        "position": 70,
        "refusals": 2,
        "answered_at_position": 70,
        "lag_events": 0,
        "calls": 7,
        "open_calls": 2,
        "calls_missing_a_wrap_up": 1,
        "incomplete_calls": 1,
        "rule_breaking_events": 1,
        "in_quarantine": 0,
    }
    assert {name: status[name] for name in expected} == expected
    assert "calls missing a wrap up 1" in call(told, "status").said


def test_rules_are_printed_beside_the_page_and_as_json(told: Path) -> None:
    printed = call(told, "rules")
    assert "R14" in printed.out
    assert "multi-party" in printed.out
    assert "end-conference" in call(told, "rules", "--table").out
    as_json = call(told, "rules", "--json").json
    assert {"R1", "R22", "H1", "W8"} <= {rule["id"] for rule in as_json["rules"]}
    assert len(as_json["rule_sets"]) == 2


def test_config_says_what_is_set_and_where_from(told: Path) -> None:
    rows = {row["variable"]: row for row in call(told, "config", "--json").json}
    assert rows["CALL_LEDGER_PATH"]["value"] == str(told)
    assert rows["CALL_LEDGER_PATH"]["set"] is True
    assert rows["CALL_LEDGER_RULES"] | {"meaning": ""} == {
        "variable": "CALL_LEDGER_RULES",
        "value": "seed",
        "set": False,
        "meaning": "",
    }
    assert rows["CALL_LEDGER_KAFKA"]["value"] is None
    assert "None" not in call(told, "config").out
    wrong = call(told, "config", variables={"CALL_LEDGER_RULES": "house"})
    assert wrong.code == 2
    assert "CALL_LEDGER_RULES is not right" in wrong.said


def test_names_in_square_brackets_are_names_and_no_markup(tmp_path: Path) -> None:
    name = "[/bold][red]x"
    receive = ("record", "receive", "--call", name, "--actor", "system", "--queue", name)
    assert call(tmp_path, *receive).code == 0
    assert (
        call(
            tmp_path,
            "record",
            "mark-incomplete",
            "--call",
            name,
            "--actor",
            "system",
            "--missing",
            name,
        ).code
        == 0
    )
    for arguments in (
        ("call", "list"),
        ("call", "show", name),
        ("call", "timeline", name),
        ("report", "open", "--by", "queue", "--queue", name),
        ("report", "open", "--calls"),
        ("sql", "select * from calls"),
    ):
        answer = call(tmp_path, *arguments)
        assert answer.code == 0
        assert name in answer.said, arguments
