"""Events and refusals as bytes: one compact CloudEvents 1.0 JSON object each.

These bytes are the truth. They are made here once, and the same ones are in the store, in
Kafka and in an archive; nobody serialises them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, NamedTuple
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType, to_builtins
from msgspec.json import Decoder, encode

from domain.commands import Command
from domain.decide import Decided, Refused
from domain.event import Event
from domain.events import EVENT_CLASS_OF_TYPE
from domain.rule_sets import RuleSet
from domain.rules_hash import hash_of
from domain.vocabulary import Role, TimeSource, Via

SPECIFICATION: Final = "1.0"
REFUSAL_TYPE: Final = "ledger.command-refused.v1"


class Stamp(NamedTuple):
    """What the ledger says in a document: when it took it, by which rules, and which it is."""

    recorded_at: str
    rule_set: str
    rule_set_hash: str
    ledger: str | UnsetType = UNSET
    """Its name, where there are several."""

    @classmethod
    def of(cls, recorded_at: datetime, rules: RuleSet, ledger: str | None = None) -> Stamp:
        """Write out the moment and the rules once for all documents of a group."""
        return cls(time_text(recorded_at), rules.name, hash_of(rules), ledger or UNSET)


class Refusal(Struct, frozen=True, gc=False):
    """The body of a refusal: what was asked, and the rule that refused it."""

    type: ClassVar[str] = REFUSAL_TYPE
    command: str
    rule: str
    sentence: str
    arguments: dict[str, Any]


class Document(Struct, frozen=True, gc=False):
    """The envelope and the body, in the order in which they are written; no value, no key."""

    specversion: str
    id: str
    type: str
    source: str
    subject: str
    time: str
    recordedat: str
    version: int | UnsetType
    actor: str
    role: Role
    via: Via
    commandid: UUID
    correlationid: str | UnsetType
    causationid: str | UnsetType
    traceparent: str | UnsetType
    timesource: TimeSource | UnsetType
    observed: bool | UnsetType
    rulesbroken: str | UnsetType
    ruleset: str
    rulesethash: str
    ledger: str | UnsetType
    data: Event | Refusal


def time_text(moment: datetime) -> str:
    """The moment in UTC with six decimals: `2026-01-01T10:00:00.123456Z`."""
    text: str = to_builtins(moment)
    if len(text) == LENGTH_OF_TIME and text[-1] == "Z":
        return text
    # It is a whole second, or in another zone.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


LENGTH_OF_TIME: Final = len("2026-01-01T10:00:00.123456Z")


def event_documents(
    command: Command, decided: Decided, observed: bool, stamp: Stamp
) -> list[bytes]:
    """Write the events that a command came to, one document each."""
    first_version = decided.call.version - len(decided.events) + 1
    rules_broken = " ".join(decided.rules_broken)
    return written(
        command,
        decided.role,
        stamp,
        command.call_id,
        first_version,
        decided.events,
        observed,
        rules_broken,
    )


def refusal_document(number: int, command: Command, refused: Refused, stamp: Stamp) -> bytes:
    """Write the refusal as evidence: who asked for what, when, and the rule that refused it."""
    body = Refusal(
        type(command).model_fields["type"].default,
        refused.rule,
        refused.sentence,
        arguments_of(command),
    )
    (document,) = written(command, refused.role, stamp, "refusal", number, [body])
    return document


def written(
    command: Command,
    role: Role,
    stamp: Stamp,
    numbered_in: str,
    first_number: int,
    bodies: Sequence[Event | Refusal],
    observed: bool = False,
    rules_broken: str = "",
) -> list[bytes]:
    """The documents of one command: who did what when and why, as it says it, around each body.

    Events are numbered in their call, which is their version, and refusals in the ledger.
    """
    # Read from its dictionary: asking a model for its fields costs more.
    said = command.__dict__
    source, call_id, time = said["source"], said["call_id"], time_text(said["occurred_at"])
    actor, via, command_id = said["actor"], said["via"], said["command_id"]
    correlation_id = said["correlation_id"] or UNSET
    causation_id = said["causation_id"] or UNSET
    trace_parent = said["traceparent"] or UNSET
    time_source = UNSET if said["time_source"] is TimeSource.EXACT else said["time_source"]
    recorded_at, rule_set, rule_set_hash, ledger = stamp
    documents = []
    for number, body in enumerate(bodies, first_number):
        # By place, because this many names cost more than all the rest.
        document = Document(
            SPECIFICATION,
            f"{numbered_in}/{number}",
            body.type,
            source,
            call_id,
            time,
            recorded_at,
            UNSET if body.type is REFUSAL_TYPE else number,
            actor,
            role,
            via,
            command_id,
            correlation_id,
            causation_id,
            trace_parent,
            time_source,
            observed or UNSET,
            rules_broken or UNSET,
            rule_set,
            rule_set_hash,
            ledger,
            body,
        )
        documents.append(encode(document))
    return documents


IN_THE_ENVELOPE: Final = frozenset(Command.model_fields) - {"expected_version"} | {"type"}


def arguments_of(command: Command) -> dict[str, Any]:
    """The fields that are the command's own, and the version it expected if it named one."""
    return {
        name: value
        for name, value in command.__dict__.items()
        if value is not None and name not in IN_THE_ENVELOPE
    }


class TypeAndBody(Struct, gc=False):
    """What a document has to say for its event to be read."""

    id: str
    type: str
    data: Raw


DOCUMENT: Final = Decoder(TypeAndBody)
BODIES: Final = {name: Decoder(event_class) for name, event_class in EVENT_CLASS_OF_TYPE.items()}


def event_in(document: bytes) -> Event:
    """Read the event out of its document. Raises `ValueError` when it is not one of ours."""
    read = DOCUMENT.decode(document)
    body = BODIES.get(read.type)
    if body is None:
        raise ValueError(f"{read.id} is of type {read.type}, which this version cannot read")
    return body.decode(read.data)
