"""The tables as of a moment, asked for as an auditor does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from tests.entrypoints.calling import Answer, call
from tests.ledger.scenes import command

DAY = "2026-03-02"


def at(clock: str) -> tuple[str, str]:
    return "--occurred-at", f"{DAY}T{clock}Z"


def record(folder: Path, *words: str) -> int:
    """Record one command; returns the position of its last event."""
    answer = call(folder, "record", *words)
    assert answer.code == 0, answer.said
    with StoreFeed(folder) as feed:
        return feed.head().position


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A call whose wrap-up reason was corrected later, and another that was told a day late."""
    folder = tmp_path_factory.mktemp("corrected")
    one = ("--call", "4711")
    record(folder, "receive", *one, "--actor", "system", "--queue", "sales", *at("09:00:00"))
    record(folder, "offer", *one, "--actor", "system", "--agent", "anna", *at("09:00:05"))
    answered = record(folder, "answer", *one, "--actor", "anna", *at("09:00:10"))
    record(folder, "leave", *one, "--actor", "customer", *at("09:05:00"))
    wrapped = record(
        folder, "apply-wrap-up", *one, "--actor", "anna", "--reason", "sold", *at("09:06:00")
    )
    late = record(
        folder, "receive", "--call", "late", "--actor", "system", "--queue", "sales",
        *at("08:00:00"),
    )  # fmt: skip
    version = call(folder, "call", "show", "4711", "--json").lines[-1]["version"]
    now = record(
        folder, "correct", *one, "--actor", "boss", "--corrected-version", str(version),
        "--reason", "returned", "--why", "the customer came back",
        *at("18:00:00"),
    )  # fmt: skip
    return folder, {"answered": answered, "wrapped": wrapped, "late": late, "now": now}


def reasons(answer: Answer) -> list[str]:
    return [row["reason"] for row in answer.json["groups"]]


def test_a_report_as_the_ledger_knew_it_has_the_reason_before_its_correction(
    corrected: tuple[Path, dict[str, int]],
) -> None:
    folder, positions = corrected
    asked = ("report", "wrap-ups", "--by", "reason", "--json")
    assert reasons(call(folder, *asked)) == ["returned"]
    known = call(folder, *asked, "--known-at", str(positions["wrapped"]))
    assert reasons(known) == ["sold"]
    assert known.json["position"] == positions["wrapped"]
    assert known.json["as_of"]["known_at"]["position"] == positions["wrapped"]
    assert known.json["as_of"]["rule_set"] == "seed"
    first_reported = call(folder, *asked, "--without-corrections")
    assert reasons(first_reported) == ["sold"]
    assert first_reported.json["as_of"]["with_corrections"] is False


def test_what_had_happened_is_not_what_was_known(corrected: tuple[Path, dict[str, int]]) -> None:
    folder, positions = corrected
    asked = ("call", "list", "--json")
    known = call(folder, *asked, "--known-at", str(positions["answered"])).json
    assert [(one["call_id"], one["phase"]) for one in known["calls"]] == [("4711", "connected")]
    happened = call(folder, *asked, "--happened-by", f"{DAY}T09:01").json
    assert [(one["call_id"], one["phase"]) for one in happened["calls"]] == [
        ("4711", "connected"),
        ("late", "queued"),
    ]
    assert happened["as_of"]["happened_by"] == f"{DAY}T09:01:00.000000Z"
    both = call(
        folder, *asked, "--happened-by", f"{DAY}T08:30", "--known-at", str(positions["wrapped"])
    )
    assert both.json["calls"] == []


def test_a_day_counts_to_its_end(corrected: tuple[Path, dict[str, int]]) -> None:
    folder, _ = corrected
    asked = ("report", "wrap-ups", "--by", "reason", "--json")
    assert reasons(call(folder, *asked, "--happened-by", DAY)) == ["returned"]
    assert reasons(call(folder, *asked, "--happened-by", "2026-03-01")) == []


def test_one_call_is_shown_and_drawn_as_it_was(corrected: tuple[Path, dict[str, int]]) -> None:
    folder, positions = corrected
    known = ("--known-at", str(positions["answered"]))
    shown = call(folder, "call", "show", "4711", *known)
    assert f"{positions['answered']} events; at position {positions['answered']}." in shown.said
    assert "As the ledger knew it at position 3" in shown.said
    documents = call(folder, "call", "show", "4711", "--json", *known).lines
    assert [one["version"] for one in documents] == [1, 2, 3]
    assert call(folder, "call", "timeline", "4711", *known).code == 0
    missing = call(folder, "call", "show", "late", *known)
    assert missing.code == 3
    assert "There was no call late" in missing.said
    assert "at that moment" in missing.said


def test_sql_is_asked_of_that_moment_too_and_not_of_now_by_another_name(
    corrected: tuple[Path, dict[str, int]],
) -> None:
    folder, positions = corrected
    known = ("--known-at", str(positions["wrapped"]), "--json")
    asked = call(folder, "sql", "select call_id, last_reason from calls", *known)
    assert asked.json["rows"] == [{"call_id": "4711", "last_reason": "sold"}]
    refused = call(folder, "sql", "select call_id from main.calls", *known)
    assert refused.code == 2
    assert "There is no table main.calls to be read here" in refused.said


def test_a_position_that_is_still_to_come_is_refused(
    corrected: tuple[Path, dict[str, int]],
) -> None:
    folder, positions = corrected
    answer = call(folder, "report", "exits", "--known-at", "1000")
    assert answer.code == 2
    assert (
        f"The ledger is at position {positions['now']}, and 1,000 is still to come" in answer.said
    )


def test_the_same_question_gives_the_same_bytes_whatever_comes_later(tmp_path: Path) -> None:
    call(tmp_path, "simulate", "--calls", "15", "--seed", "1")
    head = call(tmp_path, "report", "exits", "--json").json["position"]
    known = ("--known-at", str(head // 2), "--json")
    questions = [
        ("report", "exits", "--by", "hour", *known),
        ("report", "agents", "--by", "agent", *known),
        ("report", "refusals", "--by", "rule", *known),
        ("call", "list", *known),
        ("sql", "select * from participants order by all", *known),
    ]
    before = [call(tmp_path, *one).out for one in questions]
    assert all(orjson.loads(one) for one in before)
    call(tmp_path, "simulate", "--calls", "15", "--seed", "2")
    assert [call(tmp_path, *one).out for one in questions] == before
    assert call(tmp_path, "rebuild").code == 0
    assert [call(tmp_path, *one).out for one in questions] == before


def test_a_clock_that_is_put_back_changes_no_answer_to_a_time(tmp_path: Path) -> None:
    clock = datetime(2026, 3, 2, 10, tzinfo=UTC)
    with Ledger.open(tmp_path, clock=lambda: clock) as ledger:
        for number, minutes in enumerate((0, 10, 20)):
            clock = datetime(2026, 3, 2, 10, minutes, tzinfo=UTC)
            ledger.record(command("receive", "system", f"call-{number}", queue="sales"))
            ledger.record(command("answer", "stranger", f"call-{number}"))
    known = ("--known-at", f"{DAY}T10:15:00Z", "--json")
    questions = [("report", one, *known) for one in ("open", "refusals")]
    before = [call(tmp_path, *one).out for one in questions]
    clock = datetime(2026, 3, 2, 10, 5, tzinfo=UTC)
    with Ledger.open(tmp_path, clock=lambda: clock) as ledger:
        ledger.record(command("receive", "system", "put-back", queue="sales"))
        ledger.record(command("answer", "stranger", "put-back"))
    assert [call(tmp_path, *one).out for one in questions] == before
    opened, refused = map(orjson.loads, before)
    assert opened["position"] == refused["position"] == 2
    assert (opened["total"]["entered"], refused["total"]["refusals"]) == (2, 2)


def test_what_became_known_between_two_positions_is_its_events_and_what_they_changed(
    corrected: tuple[Path, dict[str, int]],
) -> None:
    folder, positions = corrected
    since = ("--from", str(positions["wrapped"]))
    found = call(folder, "call", "diff", "4711", *since, "--json").json
    assert (found["from"], found["to"]) == (positions["wrapped"], positions["now"])
    assert len(found["new_versions"]) == 1
    assert found["changed"] == {"last_reason": {"before": "sold", "after": "returned"}}
    told = call(folder, "call", "diff", "4711", *since)
    assert "the customer came back" in told.said
    assert "last_reason" in told.said
    last = str(call(folder, "status", "--json").json["position"])
    nothing = call(folder, "call", "diff", "4711", "--from", last)
    assert nothing.said.startswith("Nothing became known of call 4711 of local after position")
    backwards = call(folder, "call", "diff", "4711", "--from", "5", "--to", "4")
    assert (backwards.code, "--to is before --from" in backwards.said) == (2, True)
    until = ("--to", str(positions["late"]))
    assert call(folder, "call", "diff", "4711", *since, *until, "--json").json["changed"] == {}


def test_a_call_that_was_not_known_yet_is_new_altogether(
    corrected: tuple[Path, dict[str, int]],
) -> None:
    folder, positions = corrected
    found = call(folder, "call", "diff", "late", "--from", str(positions["wrapped"]), "--json").json
    assert found["new_versions"] == [1]
    assert found["changed"]["phase"] == {"before": None, "after": "queued"}
    assert call(folder, "call", "diff", "nobody", "--from", "0").code == 3
