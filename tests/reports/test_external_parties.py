"""A call that was handed over to somebody outside, at a dial number, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.ledger import Ledger
from projections.serving.client import Reader
from tests.reports.asking import total
from tests.reports.week_of_march import Telling

OUTSIDE: dict[str, Any] = {"target_kind": "dial_number", "target": "+39061234567"}


def test_the_time_that_somebody_outside_talks_is_no_agents_talk(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        call = Telling(ledger, "A", datetime(2026, 3, 2, 10, tzinfo=UTC), "centre")
        call.at(0, "receive", "system", queue="sales")
        call.at(5, "offer", "system", agent="agent-1").at(10, "answer", "agent-1")
        call.at(40, "start-consult", "agent-1", **OUTSIDE).at(50, "answer-consult", "outside-1")
        call.at(60, "request-transfer", "agent-1").at(65, "accept-transfer", "outside-1")
        call.at(95, "apply-wrap-up", "agent-1", reason="handed-over").at(120, "leave", "customer")
    with Reader(tmp_path) as reader:
        (row,) = reader.ask("select * from calls").table.to_pylist()
        agents, transfers = total(reader, "agents"), total(reader, "transfers")
    times = {"talk_seconds": 30, "hold_seconds": 25, "wrap_up_seconds": 30}
    assert {name: row[name] for name in times} == times
    assert {name: agents[name] for name in times} == times
    assert (row["call_seconds"], row["consult_seconds"], row["contact_count"]) == (120, 15, 1)
    assert (agents["transferred_in"], agents["transferred_out"]) == (0, 1)
    assert (transfers["consult"], transfers["transfer_rate"]) == (1, 1.0)
    assert agents["mean_handle_seconds"] == 85
