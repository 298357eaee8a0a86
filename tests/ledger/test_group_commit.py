"""The asyncio door: callers share a transaction, and each gets an answer of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from threading import Event
from typing import TypeVarTuple

import pytest

from infra.errors import LedgerError
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.group_commit import GroupCommit
from ledger.ledger import Ledger
from ledger.outcomes import Outcome, RefusedOutcome, Request
from tests.ledger.scenes import all_at_once, command, connected, recorded, refused, requests
from tests.ledger.stores import Store

Arguments = TypeVarTuple("Arguments")


def test_callers_who_come_together_share_a_transaction(folder: LedgerFolder, store: Store) -> None:
    receives = [command("receive", "system", f"call-{number}") for number in range(64)]
    with store.counting_commits(folder, "events") as (ledger, commits):
        outcomes = asyncio.run(all_at_once(ledger, receives))
    positions = sorted(recorded(outcome).position for outcome in outcomes)
    assert positions == list(range(1, 65))
    assert 1 <= commits[0] < 16


def test_each_caller_is_refused_alone(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        for number in range(20):
            ledger.record_many(requests(connected(f"call-{number}")))
        asked = [
            command("hold" if number % 3 else "resume", "agent-1", f"call-{number}")
            for number in range(20)
        ]
        outcomes = asyncio.run(all_at_once(ledger, asked))
    for number, outcome in enumerate(outcomes):
        if number % 3:
            assert recorded(outcome).version == 4
        else:
            assert refused(outcome).rule == "H1"


def test_callers_of_one_call_are_decided_one_after_another(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
        asked = [command("hold", "agent-1") for _ in range(10)]
        outcomes = asyncio.run(all_at_once(ledger, asked))
    assert [type(one).__name__ for one in outcomes].count("Recorded") == 1
    with StoreFeed(folder) as feed:
        assert feed.head() == (4, 9)


def test_what_cannot_be_decided_at_all_fails_alone(folder: LedgerFolder) -> None:
    correction = command("correct", "agent-1", corrected_version=1, why="half a character")
    unwritable = correction.model_copy(update={"why": "\ud800"})
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
        asked = [command("hold", "agent-1"), unwritable, command("resume", "agent-1")]
        held, failed, resumed = asyncio.run(all_at_once(ledger, asked))
    assert isinstance(failed, Exception)
    assert (recorded(held).version, recorded(resumed).version) == (4, 5)


def test_a_caller_who_gives_up_does_not_disturb_the_others(folder: LedgerFolder) -> None:
    async def give_up_and_go_on(ledger: Ledger) -> Outcome:
        gone = asyncio.ensure_future(ledger.handle(command("receive", "system", "call-1")))
        await asyncio.sleep(0)
        gone.cancel()
        return await ledger.handle(command("receive", "system", "call-2"))

    with Ledger.open(folder) as ledger:
        recorded(asyncio.run(give_up_and_go_on(ledger)))


class ClosesWhenCalled(asyncio.SelectorEventLoop):
    """A loop that closes after it was asked whether it is closed, and before it is called."""

    def call_soon_threadsafe(
        self,
        callback: Callable[[*Arguments], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        self.close()
        return super().call_soon_threadsafe(callback, *args, context=context)


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_loop_that_closes_just_before_it_is_answered_stops_no_later_caller(
    cancelled: bool,
) -> None:
    answer, first_is_taken, may_answer = RefusedOutcome(1, "H1", "No."), Event(), Event()

    def take(group: Sequence[Request]) -> list[Outcome]:
        first_is_taken.set()
        assert may_answer.wait(30)
        return [answer] * len(group)

    group_commit = GroupCommit(take)
    loop = ClosesWhenCalled()
    asked = loop.create_task(group_commit.submit(Request(command("receive", "system"))))
    loop.run_until_complete(asyncio.sleep(0))
    assert first_is_taken.wait(30)
    if cancelled:
        asked.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    may_answer.set()
    later = group_commit.submit(Request(command("receive", "system", "call-2")))
    assert asyncio.run(asyncio.wait_for(later, 30)) == answer
    assert loop.is_closed()
    group_commit.close()


def test_a_closed_ledger_says_so(folder: LedgerFolder) -> None:
    ledger = Ledger.open(folder)
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.record(command("receive", "system"))
    with pytest.raises(LedgerError, match="closed"):
        asyncio.run(ledger.handle(command("receive", "system")))
