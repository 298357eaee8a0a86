"""Events and refusals as bytes: one compact CloudEvents 1.0 JSON object each.

These bytes are the truth. They are made here once, and the same ones are in the store, in
Kafka and in an archive; nobody serialises them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from msgspec import convert
from msgspec.json import encode
from orjson import Fragment

from domain.commands import Command
from domain.decide import Decided, Refused
from domain.events import EVENT_CLASS_OF_TYPE, Event
from domain.rule_sets import RuleSet
from domain.rules import hash_of
from domain.vocabulary import Role, TimeSource

REFUSAL_TYPE = "ledger.command-refused.v1"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the ledger itself says in a document: when it took it, and by which rules it judged."""

    recorded_at: str
    rule_set: str
    rule_set_hash: str

    @classmethod
    def of(cls, recorded_at: datetime, rules: RuleSet) -> Stamp:
        """Write out the moment and the rules once for all documents of a group."""
        return cls(time_text(recorded_at), rules.name, hash_of(rules))


def time_text(moment: datetime) -> str:
    """The moment in UTC with six decimals: `2026-01-01T10:00:00.123456Z`."""
    text = moment.isoformat(timespec="microseconds")
    if not text.endswith("+00:00"):
        text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return text[:26] + "Z"


def event_documents(
    command: Command, decided: Decided, observed: bool, stamp: Stamp
) -> list[bytes]:
    """Write the events that a command came to, one document each."""
    version = decided.call.version - len(decided.events)
    # The keys keep their order: what differs from event to event is filled in below.
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": "",
        "type": "",
        "source": command.source,
        "subject": command.call_id,
        "time": time_text(command.occurred_at),
        "recordedat": stamp.recorded_at,
        "version": 0,
    }
    say_who_and_why(document, command, decided.role)
    if observed:
        document["observed"] = True
    if decided.rules_broken:
        document["rulesbroken"] = " ".join(decided.rules_broken)
    document["ruleset"] = stamp.rule_set
    document["rulesethash"] = stamp.rule_set_hash
    documents = []
    for event in decided.events:
        version += 1
        document["id"] = f"{command.call_id}/{version}"
        document["type"] = event.type
        document["version"] = version
        document["data"] = Fragment(encode(event))
        documents.append(orjson.dumps(document))
    return documents


def refusal_document(number: int, command: Command, refused: Refused, stamp: Stamp) -> bytes:
    """Write the refusal as evidence: who asked for what, when, and the rule that refused it."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"refusal/{number}",
        "type": REFUSAL_TYPE,
        "source": command.source,
        "subject": command.call_id,
        "time": time_text(command.occurred_at),
        "recordedat": stamp.recorded_at,
    }
    say_who_and_why(document, command, refused.role)
    document["ruleset"] = stamp.rule_set
    document["rulesethash"] = stamp.rule_set_hash
    document["data"] = {
        "command": type(command).model_fields["type"].default,
        "rule": refused.rule,
        "sentence": refused.sentence,
        "arguments": arguments_of(command),
    }
    return orjson.dumps(document)


def say_who_and_why(document: dict[str, Any], command: Command, role: Role) -> None:
    """Add who acted in which role and by what, and the ids that tie it to its cause."""
    document["actor"] = command.actor
    document["role"] = role
    document["via"] = command.via
    document["commandid"] = command.command_id
    if command.correlation_id is not None:
        document["correlationid"] = command.correlation_id
    if command.causation_id is not None:
        document["causationid"] = command.causation_id
    if command.time_source is not TimeSource.EXACT:
        document["timesource"] = command.time_source


IN_THE_ENVELOPE = frozenset(Command.model_fields) - {"expected_version"} | {"type"}


def arguments_of(command: Command) -> dict[str, Any]:
    """The fields that are the command's own, and the version it expected if it named one."""
    return {
        name: value
        for name, value in command.__dict__.items()
        if value is not None and name not in IN_THE_ENVELOPE
    }


def event_in(document: bytes) -> Event:
    """Read the event out of its document. Raises `ValueError` when it is not one of ours."""
    read = orjson.loads(document)
    event_class = EVENT_CLASS_OF_TYPE.get(read["type"])
    if event_class is None:
        raise ValueError(f"{read['id']} is of type {read['type']}, which this version cannot read")
    return convert(read["data"], event_class)
