"""Calls that are answered, held, and left by the customer: as commands, and recorded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from domain.commands import Answer, Command, Hold, Leave, Offer, Receive
from ledger.ledger import Ledger
from tests.projections.documents import MORNING


def history(first: int, last: int) -> list[Command]:
    steps = [
        (Receive, "system", {"queue": "support"}),
        (Offer, "system", {"agent": "agent-1"}),
        (Answer, "agent-1", {}),
        (Hold, "agent-1", {}),
        (Leave, "customer", {}),
    ]
    return [
        kind(
            command_id=UUID(int=call * 10 + step),
            source="test",
            call_id=f"call-{call}",
            actor=actor,
            occurred_at=MORNING + timedelta(seconds=call + 10 * step),
            **own,
        )
        for call in range(first, last)
        for step, (kind, actor, own) in enumerate(steps)
    ]


def record(folder: Path, first: int, last: int) -> None:
    with Ledger.open(folder) as ledger:
        for command in history(first, last):
            ledger.record(command)
