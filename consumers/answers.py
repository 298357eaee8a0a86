"""What is answered to a command that came through Kafka; the same each time that it comes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from domain.commands import Command
from ledger.outcomes import Outcome, Recorded


class Answer(BaseModel):
    """Which command is answered."""

    model_config = ConfigDict(frozen=True)


class RecordedAnswer(Answer):
    """The command is in the ledger, on disk."""

    outcome: Literal["recorded"]
    command_id: str
    source: str
    call_id: str
    position: int
    """The position of the last of its events."""
    version: int
    """The call's version after them."""
    events: list[dict[str, Any]]
    """Its events in order, as they are on `call-events`."""


class RefusedAnswer(Answer):
    """A rule refuses the command; the refusal is kept as evidence."""

    outcome: Literal["refused"]
    command_id: str
    source: str
    call_id: str
    refusal_number: int
    rule: str
    sentence: str


class UnreadableAnswer(Answer):
    """The message is no command; it is in quarantine with its bytes."""

    outcome: Literal["unreadable"]
    partition: int
    offset: int
    """Where on `call-commands` it is."""
    reason: str


AnyAnswer = Annotated[
    RecordedAnswer | RefusedAnswer | UnreadableAnswer, Field(discriminator="outcome")
]
ANSWER: TypeAdapter[RecordedAnswer | RefusedAnswer | UnreadableAnswer] = TypeAdapter(AnyAnswer)


def answer_to(command: Command, outcome: Outcome) -> bytes:
    """The answer's bytes; whether the command came before does not show in them."""
    which: dict[str, Any] = {
        "command_id": command.command_id,
        "source": command.source,
        "call_id": command.call_id,
    }
    if isinstance(outcome, Recorded):
        return orjson.dumps(
            {
                "outcome": "recorded",
                **which,
                "position": outcome.position,
                "version": outcome.version,
                "events": [orjson.Fragment(document) for document in outcome.documents],
            }
        )
    return orjson.dumps(
        {
            "outcome": "refused",
            **which,
            "refusal_number": outcome.number,
            "rule": outcome.rule,
            "sentence": outcome.sentence,
        }
    )


def answer_to_unreadable(partition: int, offset: int, reason: str) -> bytes:
    """The answer to what is no command."""
    said = {"outcome": "unreadable", "partition": partition, "offset": offset, "reason": reason}
    return orjson.dumps(said)
