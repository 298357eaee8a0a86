"""The trace that a command belongs to is kept with what it came to, and changes nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.intake import Unreadable, read_request
from ledger.ledger import Ledger
from ledger.trace_context import trace_parent_in, trace_parent_of, traced
from tests.ledger.lines import all_documents, lines_of_calls

TRACE = f"00-{0xABC:032x}-{0xDEF:016x}-01"
OTHER = f"00-{0x123:032x}-{0x456:016x}-00"
WRONG = [
    "",
    TRACE.upper(),
    f"{TRACE}\n",
    TRACE.replace("00-", "ff-", 1),
    f"00-{0:032x}-{0xDEF:016x}-01",
    f"00-{0xABC:032x}-{0:016x}-01",
    TRACE[:-1],
    f"{TRACE}-extra",
]


def with_trace(line: bytes, trace_parent: str) -> bytes:
    return orjson.dumps({**orjson.loads(line), "traceparent": trace_parent})


def record(folder: Path, *lines: bytes) -> list[Any]:
    with Ledger.open(folder) as ledger:
        return ledger.record_many([read_request(line) for line in lines])


def documents(folder: Path) -> list[bytes]:
    return all_documents(LedgerFolder(folder))


def refusals(folder: Path) -> list[bytes]:
    with StoreFeed(folder) as feed:
        return [document for batch in feed.refusals(0) for document in batch.documents]


def without_moment(document: bytes) -> dict[str, Any]:
    return {name: value for name, value in orjson.loads(document).items() if name != "recordedat"}


def test_what_a_command_came_to_has_its_trace_and_is_otherwise_the_same(tmp_path: Path) -> None:
    lines = lines_of_calls(1)
    for name, told in (("plain", lines), ("traced", [with_trace(one, TRACE) for one in lines])):
        record(tmp_path / name, *told)
    for kept in (documents, refusals):
        plain, traced_ones = kept(tmp_path / "plain"), kept(tmp_path / "traced")
        assert plain
        assert all(b"traceparent" not in one for one in plain)
        assert [without_moment(one) for one in traced_ones] == [
            {**without_moment(one), "traceparent": TRACE} for one in plain
        ]


def test_the_same_command_sent_again_in_another_trace_has_its_first_outcome(tmp_path: Path) -> None:
    line = lines_of_calls(1)[0]
    (first,) = record(tmp_path, with_trace(line, TRACE))
    (again,) = record(tmp_path, with_trace(line, OTHER))
    assert (again.repeated, again.position) == (True, first.position)
    (document,) = documents(tmp_path)
    assert orjson.loads(document)["traceparent"] == TRACE


@pytest.mark.parametrize("wrong", WRONG)
def test_a_trace_that_is_none_is_passed_over_in_a_header_and_said_in_a_line(wrong: str) -> None:
    assert trace_parent_in(wrong) is None
    assert trace_parent_of([("traceparent", wrong.encode())]) is None
    with pytest.raises(Unreadable, match="traceparent"):
        read_request(with_trace(lines_of_calls(1)[0], wrong))


def test_a_command_that_names_its_trace_keeps_it_whatever_carries_it() -> None:
    line = lines_of_calls(1)[0]
    plain, own = read_request(line), read_request(with_trace(line, TRACE))
    assert traced(plain, trace_parent_in(OTHER)).command.traceparent == OTHER
    assert traced(own, trace_parent_in(OTHER)) is own
    assert traced(plain, None) is plain
