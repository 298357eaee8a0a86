"""Several ledgers on the command line: which one is meant, how far each is, what is where."""

from __future__ import annotations

from pathlib import Path

from infra.local.postgresql import LocalPostgresql
from tests.entrypoints.calling import Answer, call
from tests.ledger.stores import PostgresqlStore
from tests.several_ledgers import BY_SOURCE, ledgers_in

RECEIVE = ("record", "receive", "--call", "4711", "--actor", "system")
NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"


def asked(folder: Path, name: str, *arguments: str) -> Answer:
    """A command about one ledger of the file in a folder; no folder is named beside it."""
    variables = {"CALL_LEDGER_LEDGERS": str(folder / "ledgers.toml"), "CALL_LEDGER_NAME": name}
    return call(folder, *arguments, variables={**variables, "CALL_LEDGER_PATH": ""})


def test_a_command_goes_to_the_ledger_that_is_named_and_to_no_other(tmp_path: Path) -> None:
    ledgers_in(tmp_path)
    assert asked(tmp_path, "italy", *RECEIVE, "--source", "test").code == 0
    wrong = asked(tmp_path, "italy", *RECEIVE, "--source", "webex")
    assert wrong.code == 1
    assert "Not recorded: The call belongs to ledger rest, and this is italy" in wrong.said
    assert asked(tmp_path, "rest", *RECEIVE, "--source", "webex").code == 0
    status = asked(tmp_path, "rest", "status", "--json").json
    assert (status["name"], status["position"]) == ("rest", 1)
    assert status["ledger"] == str(tmp_path / "rest")


def test_lines_are_answered_each_with_the_ledger_it_belongs_to(tmp_path: Path) -> None:
    ledgers_in(tmp_path)
    lines = b"".join(
        b'{"type":"call.receive.v1","source":"%s","call_id":"1","actor":"system"}\n' % source
        for source in (b"test", b"webex")
    )
    variables = {"CALL_LEDGER_LEDGERS": str(tmp_path / "ledgers.toml"), "CALL_LEDGER_NAME": "italy"}
    answer = call(tmp_path / "italy", "record", "--lines", "-", typed=lines, variables=variables)
    assert answer.code == 1
    assert [one.get("rule") for one in answer.lines] == [None, "wrong-ledger"]
    assert answer.lines[1]["ledger"] == "rest"


def test_a_report_says_of_which_ledger_it_is_and_of_one_alone_nothing(tmp_path: Path) -> None:
    ledgers_in(tmp_path)
    asked(tmp_path, "italy", *RECEIVE, "--source", "test")
    assert asked(tmp_path, "italy", "report", "open", "--json").json["ledger"] == "italy"
    said = asked(tmp_path, "italy", "report", "open").said
    assert "computed at position 1 of ledger italy." in said
    alone = call(tmp_path / "italy", "report", "open", "--json")
    assert "ledger" not in alone.json
    assert "position 1." in call(tmp_path / "italy", "report", "open").said


def test_a_report_over_all_is_of_a_time_and_of_no_position(tmp_path: Path) -> None:
    file = str(ledgers_in(tmp_path).file)
    asked(tmp_path, "italy", *RECEIVE, "--source", "test")
    asked(tmp_path, "rest", *RECEIVE, "--source", "webex")
    report = ("report", "open", "--ledgers", file)
    now = call(tmp_path, *report, "--known-at", "2100-01-01", "--json").json
    assert now["total"]["entered"] == 2
    before = call(tmp_path, *report, "--known-at", "2001-01-01")
    assert "computed at position 0 of ledger italy, 0 of ledger rest." in before.said
    assert "Ledger rest: As the ledger knew it at position 0." in before.said
    calls = call(tmp_path, *report, "--happened-by", "2001-01-01", "--calls", "--json").json
    assert (calls["calls"], calls["calls_in_all"]) == ([], 0)
    assert calls["ledgers"][0]["as_of"]["happened_by"] == "2001-01-01T23:59:59.999999Z"
    for more in (["--known-at", "1"], ["--save", "march"]):
        refused = call(tmp_path, *report, *more)
        assert refused.code == 2
        assert "one ledger" in refused.said


def test_a_report_over_all_names_a_ledger_that_has_not_begun_at_position_0(
    tmp_path: Path,
) -> None:
    file = str(ledgers_in(tmp_path).file)
    report = ("report", "open", "--ledgers", file)
    nothing = call(tmp_path, *report)
    assert nothing.code == 3
    assert "None of the ledgers italy, rest has begun" in nothing.said
    asked(tmp_path, "rest", *RECEIVE, "--source", "webex")
    for more in ((), ("--known-at", "2100-01-01")):
        found = call(tmp_path, *report, *more, "--json").json
        assert [one["position"] for one in found["ledgers"]] == [0, 1]
        assert found["total"]["entered"] == 1
        assert "position 0 of ledger italy, 1 of ledger rest." in call(tmp_path, *report).said
        assert len(call(tmp_path, *report, *more, "--calls", "--json").json["calls"]) == 1


def test_where_several_are_named_a_command_needs_to_know_which(tmp_path: Path) -> None:
    file = str(ledgers_in(tmp_path).file)
    unnamed = call(tmp_path, "--ledgers", file, "status")
    assert unnamed.code == 2
    assert "say which one this is about, by CALL_LEDGER_NAME or --name" in unnamed.said
    assert call(tmp_path, "--ledgers", file, "topics", "create").code == 2
    unknown = call(tmp_path, "--ledgers", file, "--name", "spain", "status")
    assert unknown.code == 2
    assert "its ledgers are italy, rest" in unknown.said
    assert call(tmp_path, "ledgers").code == 2


def test_another_folder_may_have_the_tables_of_the_named_ledger(tmp_path: Path) -> None:
    ledgers_in(tmp_path)
    asked(tmp_path, "italy", *RECEIVE, "--source", "test")
    elsewhere = asked(tmp_path, "italy", "status", "--ledger", str(tmp_path / "elsewhere"))
    assert elsewhere.code == 3
    assert "There is no ledger in" in elsewhere.said


def test_all_are_listed_and_one_that_cannot_be_reached_is_a_line_that_says_so(
    tmp_path: Path, postgresql: LocalPostgresql
) -> None:
    store = f'store = "{PostgresqlStore.new(postgresql.url).url}"\n'
    text = BY_SOURCE.replace("sources", f"{store}sources")
    gone = f'[ledgers.gone]\nstore = "{NOBODY}"\nsources = ["gone"]\n'
    file = str(ledgers_in(tmp_path, text + gone).file)
    asked(tmp_path, "italy", *RECEIVE, "--source", "test")
    listed = call(tmp_path, "ledgers", "--ledgers", file, "--json")
    assert listed.code == 1
    italy, rest, unreachable = listed.json["ledgers"]
    assert (italy["ledger"], italy["position"], italy["lag_events"]) == ("italy", 1, 1)
    assert italy["store"].startswith("postgresql://")
    assert (rest["position"], rest["problem"]) == (0, None)
    assert rest["calls"] == "sources: all others"
    assert unreachable["position"] is None
    assert "127.0.0.1:1" in unreachable["problem"]
    asked(tmp_path, "italy", "report", "open")
    listed = call(tmp_path, "--ledgers", file, "ledgers", "--json")
    assert listed.json["ledgers"][0]["lag_events"] == 0
    assert "127.0.0.1:1" in call(tmp_path, "--ledgers", file, "ledgers").said


def test_a_changed_file_is_checked_against_what_is_recorded(tmp_path: Path) -> None:
    file = str(ledgers_in(tmp_path).file)
    asked(tmp_path, "italy", *RECEIVE, "--source", "test")
    well = call(tmp_path, "ledgers", "check", "--ledgers", file)
    assert well.code == 0
    assert "italy: every call belongs here." in well.said
    ledgers_in(tmp_path, BY_SOURCE.replace('"test"', '"pbx"'))
    wrong = call(tmp_path, "ledgers", "check", "--ledgers", file)
    assert wrong.code == 1
    assert "italy: 1 of its calls belong to rest by this file, such as 4711 of test" in wrong.said
    found = call(tmp_path, "--ledgers", file, "ledgers", "check", "--json").json["ledgers"]
    assert [len(one["findings"]) for one in found] == [1, 0]


def test_two_names_for_one_ledger_are_found(tmp_path: Path) -> None:
    file = str(ledgers_in(tmp_path).file)
    asked(tmp_path, "italy", *RECEIVE, "--source", "test")
    (tmp_path / "rest").symlink_to(tmp_path / "italy")
    assert "have the same folder" in call(tmp_path, "ledgers", "check", "--ledgers", file).said
    (tmp_path / "rest").unlink()
    (tmp_path / "rest").mkdir()
    for one in (tmp_path / "italy").glob("ledger.sqlite*"):
        (tmp_path / "rest" / one.name).write_bytes(one.read_bytes())
    copied = call(tmp_path, "ledgers", "check", "--ledgers", file)
    assert copied.code == 1
    assert "It is the same ledger as italy, or a copy" in copied.said
    assert "Its last event was recorded by italy" in copied.said


def test_a_check_that_could_not_look_everywhere_says_so(tmp_path: Path) -> None:
    text = f'{BY_SOURCE}[ledgers.gone]\nstore = "{NOBODY}"\nsources = ["gone"]\n'
    file = str(ledgers_in(tmp_path, text).file)
    checked = call(tmp_path, "ledgers", "check", "--ledgers", file)
    assert checked.code == 3
    assert "gone: " in checked.said
