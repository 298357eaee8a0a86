"""Whatever happened in a call: the totals are those counted in the recorded documents."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.commands import Command
from domain.rule_sets import RuleSet
from ledger.feed import StoreFeed
from ledger.intake import new_command_id
from ledger.ledger import Ledger
from ledger.outcomes import Request
from projections.serving.client import Reader
from tests.domain.histories import BEGINNINGS, RULE_SET, STEPS, history
from tests.projections.histories import PHASES
from tests.reports.asking import total

Document = dict[str, Any]

HISTORIES = st.lists(st.tuples(BEGINNINGS, STEPS), min_size=1, max_size=4)
few = settings(
    max_examples=12,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@few
@given(histories=HISTORIES, rules=RULE_SET)
def test_the_totals_are_those_counted_in_the_documents(
    histories: list[tuple[tuple[Command, ...], list[tuple[int, str]]]], rules: RuleSet
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Ledger.open(folder, rules) as ledger:
            for number, (beginning, steps) in enumerate(histories):
                asked = history(beginning, steps, rules)
                outcomes = ledger.record_many(requests(f"call-{number}", asked))
                assert len(outcomes) == len(asked)
        events, refusals = documents_in(folder)
        assert events
        with Reader(folder) as reader:
            agree(reader, events, refusals)


def requests(call_id: str, asked: Iterable[tuple[Command, bool]]) -> list[Request]:
    """The history's commands as those of one call, a second apart."""
    return [
        Request(
            command.model_copy(
                update={
                    "command_id": new_command_id(),
                    "call_id": call_id,
                    "occurred_at": command.occurred_at + timedelta(seconds=second),
                }
            ),
            observed,
        )
        for second, (command, observed) in enumerate(asked)
    ]


def documents_in(folder: Path) -> tuple[list[Document], list[Document]]:
    """Every recorded event and every refusal."""
    with StoreFeed(folder) as feed:
        return (
            [orjson.loads(one) for batch in feed.batches(0) for one in batch.documents],
            [orjson.loads(one) for batch in feed.refusals(0) for one in batch.documents],
        )


def agree(reader: Reader, events: list[Document], refusals: list[Document]) -> None:
    counts = Counter(event["type"] for event in events)
    assert total(reader, "transfers")["transfers"] == (
        counts["call.transfer-accepted.v1"] + counts["call.transferred-to-queue.v1"]
    )
    assert total(reader, "exits")["exits"] == counts["call.exited.v1"]
    assert total(reader, "conferences")["conferences"] == counts["call.conference-started.v1"]
    assert total(reader, "consults")["consults"] == counts["call.consult-started.v1"]
    assert total(reader, "holds")["holds"] == len(opened(events, "hold_number"))
    assert total(reader, "refusals")["refusals"] == len(refusals)
    assert total(reader, "rule-breaks")["rule_breaks"] == sum(
        len(event.get("rulesbroken", "").split()) for event in events
    )
    statuses = Counter(wrap_ups(events).values())
    wrapped = total(reader, "wrap-ups")
    assert wrapped["wrap_ups"] == statuses["applied"]
    assert wrapped["void"] == statuses["void"]
    calls = {event["subject"] for event in events}
    gave_up = {one["subject"] for one in events if one["type"] == "call.abandoned.v1"}
    ended = {one["subject"] for one in events if one["type"] == "call.ended.v1"}
    assert total(reader, "abandoned")["abandoned"] == len(gave_up)
    assert total(reader, "open")["entered"] == len(calls)
    assert total(reader, "open")["open_calls"] == len(calls - ended)


def opened(events: Iterable[Document], number: str) -> set[tuple[str, int]]:
    return {
        (event["subject"], event["data"][number]) for event in events if number in event["data"]
    }


def wrap_ups(events: Iterable[Document]) -> dict[tuple[str, int], str]:
    """Each wrap-up's status after all of its events: asked for, given, given for good, or void."""
    status: dict[tuple[str, int], str] = {}
    opened_for_good: set[tuple[str, int]] = set()
    for event in events:
        if "wrap_up_number" not in event["data"]:
            continue
        key = event["subject"], event["data"]["wrap_up_number"]
        match event["type"]:
            case "call.transfer-requested.v1":
                status[key] = "given" if status.get(key) == "applied" else "pending"
            case "call.transfer-accepted.v1" | "call.transferred-to-queue.v1" | "call.exited.v1":
                opened_for_good.add(key)
                status[key] = "applied" if status.get(key) in ("given", "applied") else "open"
            case "call.wrap-up-applied.v1":
                waits = event["data"].get("provisional") and key not in opened_for_good
                status[key] = "given" if waits else "applied"
            case (
                "call.transfer-declined.v1"
                | "call.transfer-failed.v1"
                | ("call.transfer-withdrawn.v1")
            ):
                status[key] = "void"
    return status
