"""Documents for tests: from a short form of events, or from commands that the domain decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from domain.call import Call
from domain.commands import Command
from domain.decide import Decided, decide, observe
from domain.rule_sets import SEED, RuleSet
from ledger.documents import Stamp, event_documents, refusal_document
from ledger.feed import EventBatch, RefusalBatch

MORNING = datetime(2026, 1, 1, 9, tzinfo=UTC)


class Written:
    """A ledger in memory: what was recorded and refused, as a feed yields it."""

    def __init__(self, rules: RuleSet = SEED) -> None:
        self.rules = rules
        self.calls: dict[tuple[str, str], tuple[int, Call]] = {}
        self.events: list[tuple[int, int, bytes]] = []
        self.refusals: list[bytes] = []

    def write(self, command: Command, observed: bool = False) -> None:
        """Decide the command, or observe it, and keep the documents."""
        key = (command.source, command.call_id)
        first, call = self.calls.get(key, (len(self.events) + 1, Call()))
        stamp = Stamp.of(command.occurred_at, self.rules)
        decided = (observe if observed else decide)(call, command, self.rules)
        if not isinstance(decided, Decided):
            number = len(self.refusals) + 1
            self.refusals.append(refusal_document(number, command, decided, stamp))
            return
        self.calls[key] = (first, decided.call)
        for document in event_documents(command, decided, observed, stamp):
            self.events.append((len(self.events) + 1, first, document))

    def batch(self, start: int = 0, end: int | None = None) -> EventBatch:
        """The events from one index to another."""
        part = self.events[start:end]
        return EventBatch([p for p, _, _ in part], [c for _, c, _ in part], [d for *_, d in part])

    def refused(self, start: int = 0, end: int | None = None) -> RefusalBatch:
        """The refusals from one index to another."""
        part = self.refusals[start:end]
        return RefusalBatch(list(range(start + 1, start + 1 + len(part))), part)


def written(commands: Iterable[Command], observed: bool = False) -> Written:
    """A ledger in memory after these commands."""
    ledger = Written()
    for command in commands:
        ledger.write(command, observed)
    return ledger


def short(events: Sequence[Any]) -> EventBatch:
    """One call's events from `[seconds, type, fields]`."""
    documents = [
        document(f"call.{name}.v1", seconds, dict(fields), version)
        for version, (seconds, name, fields) in enumerate(events, 1)
    ]
    positions = list(range(1, len(documents) + 1))
    return EventBatch(positions, [1] * len(documents), documents)


def short_refusals(refusals: Sequence[Any]) -> RefusalBatch:
    """Refusals from `[seconds, command type, fields]`."""
    documents = []
    for seconds, command, fields in refusals:
        data = {"command": command, "rule": fields.pop("rule"), "sentence": "No.", "arguments": {}}
        documents.append(document("ledger.command-refused.v1", seconds, {**fields, **data}, 0))
    return RefusalBatch(list(range(1, len(documents) + 1)), documents)


def document(type_name: str, seconds: float, fields: dict[str, Any], version: int) -> bytes:
    """One document, with what the envelope takes out of the fields."""
    moment = (MORNING + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    envelope = {
        "actor": fields.pop("actor", "system"),
        "role": fields.pop("role", "owner"),
        "via": fields.pop("via", "desktop"),
    }
    if "rules_broken" in fields:
        envelope["rulesbroken"] = fields.pop("rules_broken")
    return orjson.dumps(
        {
            "source": "test",
            "subject": "call-1",
            "type": type_name,
            "time": moment,
            "recordedat": moment,
            "version": version,
            **envelope,
            "commandid": str(UUID(int=version)),
            "ruleset": "seed",
            "rulesethash": "0" * 16,
            "data": fields,
        }
    )
