"""What is answered to a command: one shape in JSON lines, on `call-outcomes`, and over HTTP.

In Kafka the answer is the same each time that the command comes, byte for byte.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from domain.commands import Command
from ledger.outcomes import Misdirected, Outcome, Recorded

WRONG_LEDGER: Final = "wrong-ledger"
"""What stands for a rule's id where a command came to another ledger than its call's."""


class Answer(BaseModel):
    """What every answer has."""

    model_config = ConfigDict(frozen=True)

    line: int | None = None
    """Of a file of JSON lines: the number of the line, from 1."""


class AnswerToCommand(Answer):
    """Which command is answered."""

    command_id: str
    source: str
    call_id: str
    repeated: bool = False
    """Whether it is the first outcome of a command that was sent again. Not said in Kafka, where
    who asks may never have had the first answer."""


class RecordedAnswer(AnswerToCommand):
    """The command is in the ledger, on disk."""

    outcome: Literal["recorded"]
    position: int
    """The position of the last of its events."""
    version: int
    """The call's version after them."""
    events: list[dict[str, Any]]
    """Its events in order, as they are on `call-events`."""


class RefusedAnswer(AnswerToCommand):
    """A rule refuses the command, and that is kept as evidence; or it came to the wrong ledger."""

    outcome: Literal["refused"]
    refusal_number: int
    """Under which it is kept as evidence; 0 where nothing of it is kept in this ledger."""
    rule: str
    """The rule's id; wrong-ledger where the call belongs to another one."""
    sentence: str
    ledger: str | None = None
    """The ledger that the call belongs to, where it was sent to another."""


class UnreadableAnswer(Answer):
    """What came is no command; it is in quarantine with its bytes."""

    outcome: Literal["unreadable"]
    quarantine_number: int
    reason: str
    partition: int | None = None
    offset: int | None = None
    """In Kafka: where on `call-commands` it is."""


AnyAnswer = Annotated[
    RecordedAnswer | RefusedAnswer | UnreadableAnswer, Field(discriminator="outcome")
]
ANSWER: TypeAdapter[RecordedAnswer | RefusedAnswer | UnreadableAnswer] = TypeAdapter(AnyAnswer)


def answer_to(command: Command, outcome: Outcome, **extra: Any) -> bytes:
    """The answer to a command; `extra` are the fields that only some answers have."""
    which: dict[str, Any] = {
        "command_id": command.command_id,
        "source": command.source,
        "call_id": command.call_id,
    }
    if isinstance(outcome, Recorded):
        events = [orjson.Fragment(document) for document in outcome.documents]
        came_to = {"position": outcome.position, "version": outcome.version, "events": events}
        return orjson.dumps({"outcome": "recorded", **which, **came_to, **extra})
    if isinstance(outcome, Misdirected):
        came_to = {"refusal_number": 0, "rule": WRONG_LEDGER, "sentence": outcome.sentence}
        home = {} if outcome.ledger is None else {"ledger": outcome.ledger}
        return orjson.dumps({"outcome": "refused", **which, **came_to, **home, **extra})
    came_to = {
        "refusal_number": outcome.number,
        "rule": outcome.rule,
        "sentence": outcome.sentence,
    }
    return orjson.dumps({"outcome": "refused", **which, **came_to, **extra})


def answer_to_unreadable(quarantine_number: int, reason: str, **extra: Any) -> bytes:
    """The answer to what is no command."""
    came_to = {"quarantine_number": quarantine_number, "reason": reason}
    return orjson.dumps({"outcome": "unreadable", **came_to, **extra})
