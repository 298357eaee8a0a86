"""`call-ledger record`: one command, or many lines of which each gets its outcome."""

from __future__ import annotations

import gzip
import os
import signal
from pathlib import Path

import orjson
import pytest

from ledger.answers import ANSWER, RecordedAnswer, RefusedAnswer, UnreadableAnswer
from ledger.feed import StoreFeed
from ledger.intake import BYTE_ORDER_MARK, LARGEST_LINE_BYTES
from tests.consumers.recorded import documents_in_store
from tests.entrypoints.calling import call, start
from tests.ledger.lines import lines_of_calls

RECEIVE = ("record", "receive", "--call", "4711", "--actor", "system")


def line(call_id: object = "4711", **fields: object) -> bytes:
    said = {"type": "call.receive.v1", "call_id": call_id, "actor": "system", **fields}
    return orjson.dumps(said) + b"\n"


def positions(folder: Path) -> int:
    with StoreFeed(folder) as feed:
        return feed.head().position


def test_a_command_is_recorded_and_says_where(tmp_path: Path) -> None:
    answer = call(tmp_path, *RECEIVE, "--queue", "sales")
    assert answer.code == 0
    assert answer.out == ("Recorded: call.received.v1.\nPosition 1, version 1 of the call.\n")


def test_a_refusal_names_its_rule_and_is_a_finding(tmp_path: Path) -> None:
    call(tmp_path, *RECEIVE)
    answer = call(tmp_path, "record", "hold", "--call", "4711", "--actor", "agent-1")
    assert answer.code == 1
    assert answer.out.startswith("Refused by R22: ")
    assert "Kept as refusal 1" in answer.out


def test_the_same_command_again_is_told_as_a_repeat(tmp_path: Path) -> None:
    command_id = "01890a5d-ac96-774b-bcce-b302099a8057"
    first = call(tmp_path, *RECEIVE, "--command-id", command_id)
    again = call(tmp_path, *RECEIVE, "--command-id", command_id)
    assert (first.code, again.code) == (0, 0)
    assert "again" in again.out
    assert positions(tmp_path) == 1


def test_an_observation_is_never_refused(tmp_path: Path) -> None:
    call(tmp_path, *RECEIVE)
    answer = call(tmp_path, "record", "hold", "--call", "4711", "--actor", "agent-1", "--observed")
    assert answer.code == 0
    assert positions(tmp_path) == 2


def test_one_command_as_json(tmp_path: Path) -> None:
    assert call(tmp_path, "record", "--json", line(queue="sales").decode()).code == 0
    answer = call(tmp_path, "call", "show", "4711", "--json")
    assert answer.lines[0]["data"]["queue"] == "sales"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["record"], "Give an action, --json or --lines"),
        (["record", "receive", "--json", "{}"], "Give an action, --json or --lines"),
        (["record", "fly", "--call", "1", "--actor", "a"], "'fly' is no action; there are receive"),
        (["record", "exit", "--call", "1", "--actor", "a", "--to", "b"], "exit has no --to"),
        (["record", "offer", "--call", "1", "--actor", "a", "--agent"], "--agent needs a value"),
        (["record", "offer", "--call", "1", "--actor", "a"], "agent is missing"),
        (["record", "receive", "--actor", "a"], "needs --call"),
        ([*RECEIVE, "--via", "fax"], "via is not right"),
        ([*RECEIVE, "--occurred-at", "yesterday"], "occurred_at must be written as"),
        ([*RECEIVE, "--occurred-at", "0001-01-01T00:00:00Z"], "occurred_at is in the year 1"),
        ([*RECEIVE, "--command-id", "7"], "command_id is not right"),
        ([*RECEIVE, "--expected-version", "two"], "write a whole number"),
        ([*RECEIVE, "--rules", "house"], "house"),
        (["record", "--json", "{"], "not valid JSON"),
        (["record", "--json", "[]"], "not a JSON object"),
        (["record", "--json", "\udcff"], "not valid JSON"),
        ([*RECEIVE, "--queue", "\udcff"], "not text in UTF-8"),
        (["record", "--lines", "-", "--call", "1"], "--call goes with an action"),
        (["record", "--lines", "-", "--observd"], "no flag --observd without"),
        (["record", "--lines", "nowhere.jsonl"], "nowhere.jsonl cannot be read: No such file"),
        (["record", "--lines", "/"], "/ cannot be read: Is a directory"),
    ],
)
def test_wrong_usage_is_one_sentence_and_records_nothing(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    folder = tmp_path / "none"
    answer = call(folder, *arguments)
    assert answer.code == 2
    assert sentence in answer.said
    assert not folder.exists()


def test_many_lines_are_recorded_in_order_with_an_outcome_each(tmp_path: Path) -> None:
    lines = [
        line(queue="sales"),
        line(type="call.offer.v1", agent="agent-1"),
        line(type="call.answer.v1", actor="agent-1"),
        line(type="call.resume.v1", actor="agent-1"),
        line(type="call.hold.v1", actor="agent-1").rstrip(),
    ]
    answer = call(tmp_path, "record", "--lines", "-", typed=b"".join(lines))
    assert answer.code == 1
    assert [one["outcome"] for one in answer.lines] == [
        *("recorded", "recorded", "recorded", "refused", "recorded")
    ]
    assert [one.get("version") for one in answer.lines] == [1, 2, 3, None, 4]
    assert answer.lines[3]["rule"] == "H1"
    events = call(tmp_path, "call", "show", "4711", "--json").lines
    assert [one["type"].split(".")[1] for one in events] == [
        *("received", "offered", "answered", "held")
    ]


BAD_LINES = {
    b"{": "not valid JSON",
    b"[1]": "not a JSON object",
    b'"text"': "not a JSON object",
    b"\xff\xfe": "not valid JSON",
    b'{"type": "call.fly.v1"}': "is no type of command",
    b'{"call_id": "1"}': "type is missing",
    b'{"type": "call.receive.v1", "call_id": "1"}': "actor is missing",
    line(7).rstrip(): "call_id is not right",
    line("a\x00b").rstrip(): "call_id",
    line("a", queue=["x"]).rstrip(): "must be a plain value",
    line("a", expected_version=2**60).rstrip(): "larger than any number",
    b'{"type":"call.receive.v1","call_id":"1","actor":"s","expected_version":NaN}': "not valid",
    b'{"type":"call.receive.v1","call_id":"1","call_id":"2","actor":"s"}': "more than once",
    line("a", occurred_at="9999-01-01T00:00:00Z").rstrip(): "in the year 9999",
    line("a", occurred_at="12").rstrip(): "must be written as",
    line("a", colour="red").rstrip(): "is no field of",
    line("a", queue="x" * LARGEST_LINE_BYTES).rstrip(): "bytes; at most 65,536 are read: shorten",
    line("a", queue="x" * 3_000_000).rstrip(): "It has more than ",
    b" " * 3_000_000 + line("a").rstrip(): "It has more than ",
}


def test_every_bad_line_goes_to_quarantine_and_the_rest_is_recorded(tmp_path: Path) -> None:
    lines, kinds = [line("first")], []
    for number, bad in enumerate(BAD_LINES):
        lines += [bad + b"\n", b"  \n", line(f"good-{number}")]
        kinds += ["unreadable", "recorded"]
    answer = call(tmp_path, "record", "--lines", "-", typed=b"".join(lines))
    assert answer.code == 1
    outcomes = answer.lines
    assert [one["outcome"] for one in outcomes] == ["recorded", *kinds]
    reasons = [one["reason"] for one in outcomes if one["outcome"] == "unreadable"]
    for reason, expected in zip(reasons, BAD_LINES.values(), strict=True):
        assert expected in reason
    numbers = [one["line"] for one in outcomes]
    assert numbers[:4] == [1, 2, 4, 5], "lines are numbered as in the file, the empty ones too"
    assert positions(tmp_path) == 1 + len(BAD_LINES)
    waiting = call(tmp_path, "quarantine", "list", "--json")
    assert waiting.code == 1
    assert [
        one["reason"].split(" Its first 1,048,576 bytes are kept")[0] for one in waiting.json
    ] == reasons
    assert waiting.json[0]["origin"] == "-:2"


def test_compressed_input_is_said_and_its_bytes_are_no_lines(tmp_path: Path) -> None:
    packed = tmp_path / "lines.jsonl.gz"
    packed.write_bytes(gzip.compress(line("4711") * 1000))
    for arguments, typed, name in (
        (("record", "--lines", str(packed)), b"", str(packed)),
        (("record", "--lines", "-"), packed.read_bytes(), "What is read"),
        (("import", "webex", str(packed)), b"", str(packed)),
    ):
        answer = call(tmp_path / "ledger", *arguments, typed=typed)
        assert answer.code == 2
        assert "is compressed: unpack it first with `gunzip -c`." in answer.said
        assert name.split("/")[-1] in answer.said
    assert call(tmp_path / "ledger", "quarantine", "list").code == 0


def test_empty_input_records_nothing_and_is_fine(tmp_path: Path) -> None:
    for typed in (b"", b"\n\n \n"):
        answer = call(tmp_path, "record", "--lines", "-", typed=typed)
        assert (answer.code, answer.out) == (0, "")
    assert positions(tmp_path) == 0


def test_a_file_of_lines_is_read_like_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(line("1") + line("2"))
    answer = call(tmp_path / "ledger", "record", "--lines", str(file))
    assert answer.code == 0
    assert [one["position"] for one in answer.lines] == [1, 2]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b""])
@pytest.mark.parametrize("start", [b"", BYTE_ORDER_MARK, BYTE_ORDER_MARK + b"\r\n"])
def test_marks_and_line_ends_of_other_programs_are_passed_over(
    tmp_path: Path, start: bytes, end: bytes
) -> None:
    file = tmp_path / "calls.jsonl"
    lines = [line("1").rstrip(), line("2", observed=True).rstrip()]
    file.write_bytes(start + (end or b"\r\n").join(lines) + end)
    answer = call(tmp_path / "ledger", "record", "--lines", str(file))
    assert (answer.code, [one["position"] for one in answer.lines]) == (0, [1, 2])


def test_files_with_marks_can_be_joined(tmp_path: Path) -> None:
    typed = BYTE_ORDER_MARK + line("1") + BYTE_ORDER_MARK + line("2") + BYTE_ORDER_MARK
    answer = call(tmp_path, "record", "--lines", "-", typed=typed)
    assert (answer.code, len(answer.lines)) == (0, 2)


def test_a_file_in_utf_16_goes_to_quarantine_line_by_line(tmp_path: Path) -> None:
    typed = (line("1") + line("2")).decode().encode("utf-16")
    answer = call(tmp_path, "record", "--lines", "-", typed=typed)
    assert answer.code == 1
    assert "not UTF-16" in answer.lines[0]["reason"]
    assert positions(tmp_path) == 0


@pytest.mark.slow
def test_a_slow_pipe_has_its_outcome_at_once(tmp_path: Path) -> None:
    with start(tmp_path, "record", "--lines", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for position in (1, 2, 3):
            process.stdin.write(line(f"call-{position}"))
            process.stdin.flush()
            outcome = orjson.loads(process.stdout.readline())
            assert outcome["position"] == position
            assert positions(tmp_path) == position, "it is on disk before it is answered"
        process.stdin.close()
        assert process.wait(120) == 0


@pytest.mark.slow
def test_an_interrupt_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with start(tmp_path, "record", "--lines", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(line("1") + line("2")[:20])
        process.stdin.flush()
        assert orjson.loads(process.stdout.readline())["position"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
        said = process.stderr.read().decode()
    assert said == "Interrupted; what was answered is recorded, and nothing is half recorded.\n"
    assert positions(tmp_path) == 1
    assert call(tmp_path, *RECEIVE).code == 0, "the ledger is free and whole again"


@pytest.mark.slow
def test_a_pipe_that_closes_ends_quietly(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with start(tmp_path, "record", "--lines", "-", stdout=writing) as process:
        os.close(writing)
        os.close(reading)
        _, said = process.communicate(line("1"), timeout=120)
    assert (process.returncode, said) == (141, b"")
    assert positions(tmp_path) == 1


def test_each_line_of_outcome_has_the_shape_of_every_answer(tmp_path: Path) -> None:
    """In JSON lines as in Kafka: `docs/reference/schemas/outcome.json`."""
    file = tmp_path / "lines.jsonl"
    lines = [*lines_of_calls(1), b"hello"]
    file.write_bytes(b"\n".join([*lines, lines[0]]) + b"\n")
    ended = call(tmp_path / "ledger", "record", "--lines", str(file))
    answers = [ANSWER.validate_json(line) for line in ended.out.splitlines()]
    assert ended.code == 1
    assert [one.line for one in answers] == list(range(1, len(lines) + 2))
    *first, unreadable, again = answers
    recorded = [one for one in first if isinstance(one, RecordedAnswer)]
    events = [event for one in recorded for event in one.events]
    assert [event["type"] for event in events] == [
        orjson.loads(one)["type"] for one in documents_in_store(tmp_path / "ledger")
    ]
    assert isinstance(unreadable, UnreadableAnswer)
    assert unreadable.quarantine_number == 1
    assert isinstance(again, RecordedAnswer)
    assert again == recorded[0].model_copy(update={"repeated": True, "line": again.line})
    (refused,) = (one for one in first if isinstance(one, RefusedAnswer))
    assert refused.refusal_number == 1
