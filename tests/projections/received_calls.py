"""Calls of one event, received a second apart, and how many of them a reader sees."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from domain.commands import Receive
from infra.folder import LedgerFolder
from ledger.ledger import Ledger
from projections.serving.client import ask
from tests.projections.documents import MORNING


def receive(number: int) -> Receive:
    return Receive(
        command_id=UUID(int=number), source="test", call_id=f"call-{number}", actor="system",
        occurred_at=MORNING + timedelta(seconds=number),
    )  # fmt: skip


def record_some(folder: LedgerFolder | Path, first: int, last: int) -> None:
    with Ledger.open(folder) as ledger:
        for number in range(first, last):
            ledger.record(receive(number))


def count(folder: LedgerFolder | Path) -> tuple[int, int]:
    answer = ask(folder, "select count(*) as calls from calls")
    return answer.table.to_pylist()[0]["calls"], answer.position
