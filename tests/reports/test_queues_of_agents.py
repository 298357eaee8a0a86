"""After a transfer to a queue, what agents do belongs to that queue; by hand, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from projections.reports.report import Selection
from projections.serving.client import Reader
from tests.reports.asking import groups, total
from tests.reports.week_of_march import Telling

TIMES = ("talk_seconds", "consult_seconds", "wrap_up_seconds", "ring_seconds")
COUNTS = ("contacts_handled", "wrap_ups", "transferred_in", "transferred_out")


def tell(call: Telling) -> None:
    """Sales hands over to support at 100; agent-2 of support consults agent-3, and hands over."""
    call.at(0, "receive", "system", queue="sales")
    call.at(4, "offer", "system", agent="agent-1").at(10, "answer", "agent-1")
    call.at(100, "request-transfer", "agent-1", target_kind="queue", target="support")
    call.at(120, "apply-wrap-up", "agent-1", reason="not ours")
    call.at(130, "offer", "system", agent="agent-2").at(133, "answer", "agent-2")
    call.at(140, "start-consult", "agent-2", target_kind="agent", target="agent-3")
    call.at(150, "answer-consult", "agent-3").at(170, "request-transfer", "agent-2")
    call.at(173, "accept-transfer", "agent-3").at(180, "apply-wrap-up", "agent-2", reason="passed")
    call.at(200, "hang-up", "customer").at(211, "apply-wrap-up", "agent-3", reason="solved")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder: Path = tmp_path_factory.mktemp("queues")
    with Ledger.open(folder) as ledger:
        tell(Telling(ledger, "A", datetime(2026, 3, 2, 9, tzinfo=UTC), "centre"))
    with Reader(folder) as reading:
        yield reading


def test_times_and_counts_belong_to_the_queue_out_of_which_the_agent_got_the_call(
    reader: Reader,
) -> None:
    found = groups(reader, "agents", "queue", "agent")
    times = {key: tuple(one[name] for name in TIMES) for key, one in found.items()}
    assert times == {
        ("sales", "agent-1"): (90.0, 0.0, 20.0, 6.0),
        ("support", "agent-2"): (7.0, 0.0, 7.0, 3.0),
        ("support", "agent-3"): (27.0, 23.0, 11.0, 0.0),
    }
    counts = {key: tuple(one[name] for name in COUNTS) for key, one in found.items()}
    assert counts == {
        ("sales", "agent-1"): (1, 1, 0, 1),
        ("support", "agent-2"): (1, 1, 1, 1),
        ("support", "agent-3"): (1, 1, 1, 0),
    }


def test_the_queues_add_up_to_the_total(reader: Reader) -> None:
    by_queue = groups(reader, "agents", "queue")
    whole = total(reader, "agents")
    for figure in (*TIMES, *COUNTS):
        assert sum(one[figure] for one in by_queue.values()) == whole[figure]
    of_support = total(reader, "agents", Selection(queue="support"))
    assert of_support["talk_seconds"] == 34.0
