"""A command id names one command: asked again it has its first outcome, otherwise L5 refuses it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from domain.commands import Command
from domain.vocabulary import TimeSource, Via
from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.intake import read_request
from ledger.ledger import Ledger
from ledger.outcomes import Outcome, Request
from tests.ledger.scenes import MORNING, command, connected, recorded, refused, requests
from tests.ledger.stores import PostgresqlStore, SqliteStore, Store

CASE = Path(__file__).parents[2].parent / "shared" / "cases" / "01-same-id-other-content.jsonl"

CONSULT = command("start-consult", "agent-1", target_kind="agent", target="agent-2")

OTHER_CONTENT: dict[str, Request] = {
    "type": Request(command("hold", "agent-1", command_id=CONSULT.command_id)),
    "call": Request(CONSULT.model_copy(update={"call_id": "call-2"})),
    "source": Request(CONSULT.model_copy(update={"source": "other"})),
    "actor": Request(CONSULT.model_copy(update={"actor": "agent-2"})),
    "via": Request(CONSULT.model_copy(update={"via": Via.DEVICE})),
    "argument": Request(CONSULT.model_copy(update={"target": "agent-3"})),
    "expected version": Request(CONSULT.model_copy(update={"expected_version": 3})),
    "door": Request(CONSULT, observed=True),
}
SAME_CONTENT: dict[str, dict[str, Any]] = {
    "bytes": {},
    "time": {"occurred_at": MORNING + timedelta(seconds=30)},
    "precision of its time": {"time_source": TimeSource.DERIVED},
    "correlation": {"correlation_id": "second-try"},
    "cause": {"causation_id": "retry-of-desktop"},
}


def take(folder: LedgerFolder, groups: list[list[Request]], restarting: bool) -> list[Outcome]:
    """Record the groups one after another, each in a transaction of its own."""
    outcomes: list[Outcome] = []
    ledger = Ledger.open(folder)
    for group in groups:
        outcomes += ledger.record_many(group)
        if restarting:
            ledger.close()
            ledger = Ledger.open(folder)
    ledger.close()
    return outcomes


def refusals(folder: LedgerFolder) -> list[dict[str, Any]]:
    with StoreFeed(folder) as feed:
        return [orjson.loads(one) for batch in feed.refusals(0) for one in batch.documents]


@pytest.mark.parametrize("other", OTHER_CONTENT.values(), ids=OTHER_CONTENT)
@pytest.mark.parametrize("how", ["in one group", "in several groups", "after restarts"])
def test_an_id_with_other_content_is_refused_as_evidence(
    folder: LedgerFolder, other: Request, how: str
) -> None:
    asked = [*requests(connected()), Request(CONSULT), other, other, Request(CONSULT)]
    groups = [asked] if how == "in one group" else [[one] for one in asked]
    *_, first, reuse, again, repeated = take(folder, groups, how == "after restarts")
    assert refused(reuse).rule == "L5"
    assert (reuse.repeated, again.repeated) == (False, True)
    assert refused(again).number == refused(reuse).number
    assert recorded(repeated) == replace(recorded(first), repeated=True)
    (evidence,) = refusals(folder)
    assert evidence["commandid"] == str(CONSULT.command_id)
    assert evidence["actor"] == other.command.actor
    assert evidence["subject"] == other.command.call_id
    assert evidence["data"]["command"] == other.command.model_dump()["type"]
    assert evidence["data"]["rule"] == "L5"


@pytest.mark.parametrize("differs", SAME_CONTENT.values(), ids=SAME_CONTENT)
def test_the_same_asked_again_has_its_first_outcome(
    folder: LedgerFolder, differs: dict[str, Any]
) -> None:
    again = CONSULT.model_copy(update=differs)
    asked = [*connected(), CONSULT, again]
    *_, first, repeated = take(folder, [[Request(one)] for one in asked], restarting=True)
    assert recorded(repeated) == replace(recorded(first), repeated=True)
    assert refusals(folder) == []


def test_the_order_of_fields_and_a_default_that_is_given_are_no_other_content(
    folder: LedgerFolder,
) -> None:
    said = {
        "type": "call.receive.v1",
        "command_id": "00000000-0000-4000-8000-000000000001",
        "source": "test",
        "call_id": "call-1",
        "actor": "system",
        "occurred_at": "2026-01-01T10:00:00Z",
        "queue": "sales",
    }
    lines = [
        said,
        dict(reversed(said.items())),
        {**said, "via": "desktop", "channel": "telephony", "customer": None, "observed": False},
        {**said, "occurred_at": "2026-01-01T12:00:00+02:00"},
    ]
    groups = [[read_request(orjson.dumps(line))] for line in lines]
    first, *rest = take(folder, groups, restarting=False)
    assert [recorded(one) for one in rest] == [replace(recorded(first), repeated=True)] * 3


def test_a_refused_id_keeps_its_own_refusal_beside_that_of_its_reuse(folder: LedgerFolder) -> None:
    wrong = command("resume", "agent-1")
    reuse = command("hold", "agent-1", command_id=wrong.command_id)
    asked = requests([*connected(), wrong, reuse, wrong, reuse])
    *_, first, second, third, fourth = take(folder, [[one] for one in asked], restarting=True)
    assert [refused(one).rule for one in (first, second, third, fourth)] == ["H1", "L5"] * 2
    assert [refused(one).number for one in (first, second, third, fourth)] == [1, 2] * 2
    with StoreFeed(folder) as feed:
        assert feed.head() == (3, 2)


def test_each_other_content_of_an_id_is_refused_once(folder: LedgerFolder) -> None:
    others = list(OTHER_CONTENT.values())
    asked = [*requests(connected()), Request(CONSULT), *others]
    take(folder, [asked], restarting=False)
    take(folder, [[one] for one in reversed(asked)], restarting=True)
    assert [one["data"]["rule"] for one in refusals(folder)] == ["L5"] * len(others)


def test_an_observation_under_the_id_of_another_one_is_refused_too(folder: LedgerFolder) -> None:
    seen = command("hold", "agent-1")
    other = command("resume", "agent-1", command_id=seen.command_id)
    asked = [*requests(connected()), Request(seen, True), Request(other, True)]
    *_, first, second = take(folder, [asked], restarting=False)
    recorded(first)
    assert refused(second).rule == "L5"


def lines_of_the_case() -> list[bytes]:
    """The last line is another command under the id of the line before it."""
    received = {"call_id": "K1", "source": "local", "occurred_at": "2026-03-02T09:00:00Z"}
    said: list[dict[str, str]] = [
        {"type": "call.receive.v1", "actor": "system", "queue": "sales"},
        {"type": "call.offer.v1", "actor": "system", "agent": "a1"},
        {"type": "call.answer.v1", "actor": "a1"},
        {"type": "call.end-call.v1", "actor": "a1"},
        {"type": "call.apply-wrap-up.v1", "actor": "a1", "reason": "complaint"},
    ]
    ids = (1, 2, 3, 4, 4)
    return [
        orjson.dumps({**received, **one, "command_id": f"00000000-0000-4000-8000-{number:012}"})
        for number, one in zip(ids, said, strict=True)
    ]


def lines_of_the_shared_case() -> list[bytes]:
    if not CASE.exists():
        pytest.skip("../shared/cases is not beside this checkout")
    return [
        orjson.dumps({"source": "local", **orjson.loads(line)})
        for line in CASE.read_bytes().splitlines()
    ]


@pytest.mark.parametrize("lines_of", [lines_of_the_case, lines_of_the_shared_case])
def test_a_wrap_up_under_the_id_of_the_end_is_not_answered_as_recorded(
    folder: LedgerFolder, lines_of: Any
) -> None:
    *before, last = take(folder, [[read_request(one) for one in lines_of()]], restarting=False)
    assert len([recorded(one) for one in before]) == 4
    assert refused(last).rule == "L5"
    (evidence,) = refusals(folder)
    assert evidence["data"]["arguments"] == {"reason": "complaint"}


TO_FORMAT_1 = {
    SqliteStore: ["PRAGMA user_version = 1"],
    PostgresqlStore: ["UPDATE call_ledger SET format = 1"],
}


def test_a_store_from_before_fingerprints_is_read_and_goes_on(
    folder: LedgerFolder, store: Store
) -> None:
    commands = connected()
    take(folder, [requests(commands)], restarting=False)
    for statement in (
        "ALTER TABLE outcomes DROP COLUMN fingerprint",
        "DROP INDEX quarantine_waiting",
        "DROP INDEX quarantine_origin",
        *TO_FORMAT_1[type(store)],
    ):
        store.execute(folder, statement)
    with StoreFeed(folder) as feed:
        assert feed.head() == (3, 0)
    hold = command("hold", "agent-1")
    again: list[Command] = [*commands, hold, commands[0].model_copy(update={"call_id": "call-9"})]
    for _ in range(2):
        outcomes = take(folder, [requests(again)], restarting=False)
        assert [recorded(one).version for one in outcomes[:4]] == [1, 2, 3, 4]
        assert refused(outcomes[4]).number == 1
    other = hold.model_copy(update={"actor": "agent-2"})
    (refusal,) = take(folder, [requests([other])], restarting=False)
    assert refused(refusal).rule == "L5"
