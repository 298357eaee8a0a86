"""Commands to record, and a clock that stands still, for the tests of the write side."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.commands import COMMAND_CLASSES, Command
from ledger.intake import new_command_id
from ledger.ledger import Ledger
from ledger.outcomes import Outcome, Recorded, RefusedOutcome, Request

MORNING = datetime(2026, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)
CLASS_OF_ACTION = {one.action: one for one in COMMAND_CLASSES}


def standing_clock() -> datetime:
    return MORNING


def command(action: str, actor: str, call_id: str = "call-1", **own: Any) -> Command:
    said = {
        "command_id": new_command_id(),
        "source": "test",
        "call_id": call_id,
        "actor": actor,
        "occurred_at": MORNING,
        **own,
    }
    return CLASS_OF_ACTION[action](**said)


def connected(call_id: str = "call-1", agent: str = "agent-1") -> list[Command]:
    """A call that the agent owns: received, offered, answered."""
    return [
        command("receive", "system", call_id, queue="sales"),
        command("offer", "system", call_id, agent=agent),
        command("answer", agent, call_id),
    ]


def requests(commands: list[Command]) -> list[Request]:
    return [Request(one) for one in commands]


async def all_at_once(ledger: Ledger, commands: list[Command]) -> list[Outcome | BaseException]:
    return await asyncio.gather(*(ledger.handle(one) for one in commands), return_exceptions=True)


def recorded(outcome: object) -> Recorded:
    assert isinstance(outcome, Recorded), outcome
    return outcome


def refused(outcome: object) -> RefusedOutcome:
    assert isinstance(outcome, RefusedOutcome), outcome
    return outcome


def id_number(number: int) -> UUID:
    return UUID(int=number)
