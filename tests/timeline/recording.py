"""Calls recorded through the domain itself, as rows of the `events` table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import to_builtins

from domain import commands
from domain.call import Call
from domain.decide import Decided, decide, observe
from domain.rule_sets import SEED, RuleSet
from domain.vocabulary import SYSTEM, TargetKind, TimeSource

START = datetime(2026, 1, 1, 10, tzinfo=UTC)


class Recording:
    """Takes commands at a clock of its own and keeps the rows of what they made happen."""

    def __init__(
        self,
        rules: RuleSet = SEED,
        time_source: TimeSource = TimeSource.EXACT,
        call_id: str = "4711",
    ) -> None:
        self.rules, self.time_source, self.call_id = rules, time_source, call_id
        self.call = Call()
        self.time = START
        self.rows: list[dict[str, Any]] = []
        self.commands: list[tuple[commands.Command, bool]] = []

    def asks(
        self, command: type[commands.Command], actor: str, after: float = 0, **fields: object
    ) -> Recording:
        """Decide a command so many seconds after the last one; it must be allowed."""
        return self.take(command, actor, after, False, fields)

    def is_seen(
        self, command: type[commands.Command], actor: str, after: float = 0, **fields: object
    ) -> Recording:
        """Record an observation so many seconds after the last one, whatever rules it broke."""
        return self.take(command, actor, after, True, fields)

    def take(
        self,
        command_class: type[commands.Command],
        actor: str,
        after: float,
        observed: bool,
        fields: dict[str, object],
    ) -> Recording:
        self.time += timedelta(seconds=after)
        command = command_class.model_validate(
            {
                "command_id": UUID(int=len(self.rows) + 1),
                "source": "webex",
                "call_id": self.call_id,
                "actor": actor,
                "occurred_at": self.time,
                "time_source": self.time_source,
                **fields,
            }
        )
        self.commands.append((command, observed))
        door = observe if observed else decide
        decided = door(self.call, command, self.rules)
        assert isinstance(decided, Decided), decided
        for event in decided.events:
            version = len(self.rows) + 1
            self.rows.append(
                {
                    "position": version,
                    "call_position": 1,
                    "source": command.source,
                    "call_id": command.call_id,
                    "version": version,
                    "occurred_at": command.occurred_at.replace(tzinfo=None),
                    "actor": actor,
                    "role": str(decided.role),
                    "via": str(command.via),
                    "command_id": command.command_id,
                    "time_source": str(command.time_source),
                    "observed": observed,
                    "rules_broken": list(decided.rules_broken),
                    "type": event.type,
                    **to_builtins(event),
                }
            )
        self.call = decided.call
        return self


def answered(recording: Recording, agent: str = "agent-1") -> Recording:
    """The customer has waited a minute, one agent let it ring, the other has answered."""
    return (
        recording.asks(commands.Receive, SYSTEM, queue="billing", customer="+390212345")
        .asks(commands.Offer, SYSTEM, after=20, agent="agent-0", queue="billing")
        .asks(commands.MissOffer, SYSTEM, after=15)
        .asks(commands.Offer, SYSTEM, agent=agent, queue="billing")
        .asks(commands.Answer, agent, after=8)
    )


def in_conference(recording: Recording) -> Recording:
    """Answered, held, consulted, and joined into one conference."""
    return (
        answered(recording)
        .asks(commands.Hold, "agent-1", after=90)
        .asks(commands.Resume, "agent-1", after=35)
        .asks(
            commands.StartConsult,
            "agent-1",
            after=40,
            target_kind=TargetKind.AGENT,
            target="agent-2",
        )
        .asks(commands.AnswerConsult, "agent-2", after=12)
        .asks(commands.StartConference, "agent-1", after=45)
    )


def transferred(recording: Recording) -> Recording:
    """In conference the call is handed over, wrapped up by both, and a reason is corrected."""
    in_conference(recording)
    recording.asks(commands.RequestTransfer, "agent-1", after=80)
    recording.asks(commands.AcceptTransfer, "agent-2", after=10)
    recording.asks(commands.ApplyWrapUp, "agent-1", after=50, reason="handed-over")
    applied = recording.call.version
    recording.asks(commands.Leave, "customer", after=70)
    recording.asks(commands.ApplyDefaultWrapUp, SYSTEM, after=60, agent="agent-2")
    return recording.asks(
        commands.Correct,
        "auditor",
        after=15,
        corrected_version=applied,
        why="said Sale on the tape",
        reason="sale",
    )
