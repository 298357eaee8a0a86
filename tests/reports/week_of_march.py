"""Seven calls around the night in which Rome's clocks went from 2 to 3, second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ledger.ledger import Ledger
from ledger.outcomes import Recorded, RefusedOutcome
from tests.ledger.scenes import command


class Telling:
    """One call told in order, each step so many seconds after its beginning."""

    def __init__(self, ledger: Ledger, call_id: str, entered_at: datetime, source: str) -> None:
        self.ledger, self.call_id = ledger, call_id
        self.entered_at, self.source = entered_at, source

    def at(
        self, seconds: float, action: str, actor: str, observed: bool = False, **own: Any
    ) -> Telling:
        assert isinstance(self.take(seconds, action, actor, observed, own), Recorded), (
            self.call_id,
            seconds,
            action,
        )
        return self

    def refused(self, seconds: float, action: str, actor: str, **own: Any) -> Telling:
        assert isinstance(self.take(seconds, action, actor, False, own), RefusedOutcome)
        return self

    def take(
        self, seconds: float, action: str, actor: str, observed: bool, own: dict[str, Any]
    ) -> object:
        occurred_at = self.entered_at + timedelta(seconds=seconds)
        said = {"occurred_at": occurred_at, "source": self.source, **own}
        return self.ledger.record(command(action, actor, self.call_id, **said), observed)


def tell(folder: Path) -> None:
    """Record the seven calls; what each comes to is in the tests."""
    with Ledger.open(folder) as ledger:

        def call(call_id: str, entered_at: str, source: str = "centre") -> Telling:
            moment = datetime.fromisoformat(entered_at).replace(tzinfo=UTC)
            return Telling(ledger, call_id, moment, source)

        handed_over_in_conference(call("A", "2026-03-28T22:30"))
        handed_over_blind(call("B", "2026-03-28T23:30"))
        given_up(call("C", "2026-03-29T00:30"))
        left_by_the_customer(call("D", "2026-03-29T01:30"))
        seen_elsewhere(call("E", "2026-03-29T21:30", source="elsewhere"))
        waiting(call("F", "2026-03-29T22:30"))
        hung_up_by_the_agent(call("G", "2026-03-29T22:45"))


def handed_over_in_conference(call: Telling) -> None:
    """agent-1 answers at 15, confers with agent-2 from 180 on and hands over at 250."""
    call.at(0, "receive", "system", queue="sales")
    call.at(10, "offer", "system", agent="agent-1").at(15, "answer", "agent-1")
    call.at(75, "hold", "agent-1").at(105, "resume", "agent-1")
    call.at(150, "start-consult", "agent-1", target_kind="agent", target="agent-2")
    call.at(160, "answer-consult", "agent-2").at(180, "start-conference", "agent-1")
    call.at(240, "request-transfer", "agent-1").at(250, "accept-transfer", "agent-2")
    call.at(270, "apply-wrap-up", "agent-1", reason="handed-over")
    call.at(300, "leave", "customer")
    call.at(360, "apply-default-wrap-up", "system", agent="agent-2")


def handed_over_blind(call: Telling) -> None:
    """agent-2 lets it ring, agent-3 hands over to agent-1 at 70, the customer leaves held."""
    call.at(0, "receive", "system", queue="sales")
    call.at(20, "offer", "system", agent="agent-2").at(30, "miss-offer", "system")
    call.at(30, "offer", "system", agent="agent-3").at(35, "answer", "agent-3")
    call.at(60, "request-transfer", "agent-3", target_kind="agent", target="agent-1")
    call.at(70, "accept-transfer", "agent-1")
    call.at(100, "apply-wrap-up", "agent-3", reason="wrong-desk")
    call.at(120, "hold", "agent-1").at(160, "leave", "customer")


def given_up(call: Telling) -> None:
    """The customer waits 45 seconds."""
    call.at(0, "receive", "system", queue="support").at(45, "abandon", "customer")


def left_by_the_customer(call: Telling) -> None:
    """agent-3 declines, agent-2 joins at 100, the customer leaves at 150, agent-2 at 180."""
    call.at(0, "receive", "system", queue="support")
    call.at(5, "offer", "system", agent="agent-1").at(10, "answer", "agent-1")
    call.at(30, "start-consult", "agent-1", target_kind="agent", target="agent-3")
    call.at(40, "answer-consult", "agent-3").at(55, "request-transfer", "agent-1")
    call.at(60, "decline-transfer", "agent-3").at(70, "end-consult", "agent-1")
    call.at(75, "resume", "agent-1")
    call.at(80, "start-consult", "agent-1", target_kind="agent", target="agent-2")
    call.at(90, "answer-consult", "agent-2").at(100, "start-conference", "agent-1")
    call.refused(110, "hold", "agent-1").refused(120, "end-conference", "agent-2")
    call.at(150, "leave", "customer").at(180, "exit", "agent-2")
    call.at(200, "apply-wrap-up", "agent-1", reason="sold")
    applied = 19
    call.at(300, "correct", "auditor", corrected_version=applied, why="heard", reason="order")


def seen_elsewhere(call: Telling) -> None:
    """Another system resumed what was not held, and its record stops."""
    call.at(0, "receive", "system", entry_point="web")
    call.at(3, "offer", "system", agent="agent-9").at(10, "answer", "agent-9")
    call.at(20, "resume", "agent-9", observed=True)
    call.at(30, "mark-incomplete", "system", missing="the end")


def waiting(call: Telling) -> None:
    """Nobody has answered yet."""
    call.at(0, "receive", "system", queue="sales")


def hung_up_by_the_agent(call: Telling) -> None:
    """agent-2 hangs up the phone on a customer it could not consult anybody for."""
    call.at(0, "receive", "system", queue="sales")
    call.at(5, "offer", "system", agent="agent-2").at(10, "answer", "agent-2")
    call.at(20, "start-consult", "agent-2", target_kind="queue", target="experts")
    call.at(30, "cancel-consult", "agent-2").at(32, "resume", "agent-2")
    call.at(40, "hang-up", "agent-2")
    call.at(55, "apply-wrap-up", "agent-2", reason="sold")
