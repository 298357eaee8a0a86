"""The application one would write first: one aggregate class, one save per command.

It stands beside the ledger's figures in the same run, on the same disk, with the same
`synchronous = FULL`. It judges less and stores less than the ledger does.
"""

# ruff: noqa: ARG002 - the arguments of a decorated method are the fields of its event
from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from domain.commands import Command


class NaiveCall(Aggregate):
    @event("Received")
    def __init__(self, call_id: str, command_id: UUID, actor: str, via: str, at: datetime) -> None:
        self.call_id = call_id
        self.owner: str | None = None
        self.held = False
        self.consulted: str | None = None
        self.in_conference = False
        self.done: list[str] = []

    @staticmethod
    def create_id(call_id: str) -> UUID:
        return uuid5(NAMESPACE_URL, call_id)

    @event("Happened")
    def happen(self, action: str, command_id: UUID, actor: str, via: str, at: datetime) -> None:
        match action:
            case "answer":
                self.owner = actor
            case "hold" | "resume":
                if actor != self.owner or self.in_conference:
                    raise ValueError(action)
                self.held = action == "hold"
            case "answer-consult":
                self.consulted = actor
            case "start-conference":
                if actor != self.owner or self.consulted is None:
                    raise ValueError(action)
                self.in_conference, self.held = True, False
            case "exit":
                self.in_conference = False
            case _:
                self.done.append(action)


class NaiveCalls(Application[UUID]):
    def handle(self, command: Command) -> None:
        said = (command.command_id, command.actor, command.via.value, command.occurred_at)
        if command.action == "receive":
            self.save(NaiveCall(command.call_id, *said))
            return
        call: NaiveCall = self.repository.get(NaiveCall.create_id(command.call_id))
        try:
            call.happen(command.action, *said)
        except ValueError:
            return
        self.save(call)


def commands_per_second(folder: Path, commands: Sequence[Command]) -> float:
    path = folder / "naive.sqlite"
    application = NaiveCalls(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    )
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()
    began = time.perf_counter()
    for command in commands:
        application.handle(command)
    seconds = time.perf_counter() - began
    application.close()
    return len(commands) / seconds
