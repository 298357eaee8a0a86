"""Killed at any moment: what was acknowledged is there once, and nothing is half there."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import orjson
import pytest

from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.intake import new_command_id, read_request
from ledger.ledger import Ledger
from tests.ledger.stores import Store, ledger_at

KILLS = 40
CALLS = 1_500
LINES_AT_ONCE = 3_600
"""More than a recorder takes before it is killed; with all of them most of its time is reading."""

LEFT_IN = 10
"""How many of the acknowledged commands are sent again after each kill."""

ANSWERS_BEFORE_A_KILL = 3 * LEFT_IN
"""At most; counted and not timed, so that a busy machine acknowledges as many."""

RECORDER = """
import asyncio, sys
from pathlib import Path
from ledger.intake import read_request
from ledger.ledger import Ledger
from ledger.outcomes import Recorded
from tests.ledger.stores import ledger_at

async def record(ledger, commands):
    async def one_after_another(share):
        for command in commands:
            if int(command.call_id.removeprefix("call-")) % 8 != share:
                continue
            outcome = await ledger.handle(command)
            kind = "recorded" if isinstance(outcome, Recorded) else "refused"
            place = outcome.position if kind == "recorded" else outcome.number
            sys.stdout.write(f"{command.command_id} {kind} {place}\\n")
            sys.stdout.flush()
    await asyncio.gather(*map(one_after_another, range(8)))

with Ledger.open(ledger_at(Path(sys.argv[1]), sys.argv[3])) as ledger:
    lines = Path(sys.argv[2]).read_bytes().splitlines()
    asyncio.run(record(ledger, [read_request(line).command for line in lines]))
print("all")
"""


def lines_of_calls(calls: int) -> list[bytes]:
    """Six commands a call, one of them refused; seven events."""
    lines = []
    for number in range(calls):
        for action, actor, own in (
            ("receive", "system", {"queue": "sales"}),
            ("offer", "system", {"agent": "agent-1"}),
            ("answer", "agent-1", {}),
            ("resume", "agent-1", {}),
            ("leave", "customer", {}),
            ("apply-wrap-up", "agent-1", {"reason": "sale"}),
        ):
            said = {
                "type": f"call.{action}.v1",
                "command_id": str(new_command_id()),
                "source": "test",
                "call_id": f"call-{number}",
                "actor": actor,
                "occurred_at": "2026-01-01T10:00:00Z",
                **own,
            }
            lines.append(orjson.dumps(said))
    return lines


@pytest.mark.slow
def test_a_process_killed_at_any_moment_loses_nothing_it_acknowledged(
    tmp_path: Path, store: Store
) -> None:
    random = Random(11)
    lines = lines_of_calls(CALLS)
    rest = tmp_path / "rest.jsonl"
    folder = ledger_at(tmp_path / "ledger", store.url)
    acknowledged: dict[str, str] = {}
    for kill in range(KILLS):
        latest = set(list(acknowledged)[-LEFT_IN:])
        left = [
            line for line in lines if (name := id_in(line)) not in acknowledged or name in latest
        ]
        rest.write_bytes(b"\n".join(left[:LINES_AT_ONCE]))
        with subprocess.Popen(
            [sys.executable, "-c", RECORDER, folder.path, rest, store.url],
            stdout=subprocess.PIPE,
            text=True,
        ) as recorder:
            assert recorder.stdout is not None
            # Now and then the kill meets the start, otherwise the recording itself.
            waited_for = 0 if kill % 5 == 4 else random.randint(1, ANSWERS_BEFORE_A_KILL)
            first = [recorder.stdout.readline() for _ in range(waited_for)]
            time.sleep(random.uniform(0, 0.02 if first else 0.6))
            recorder.kill()
            said = ("".join(first) + recorder.stdout.read()).splitlines(keepends=True)
        assert "all\n" not in said, "there is too little to record, the kill came too late"
        for answer in said:
            if answer.endswith("\n"):
                command_id, outcome = answer.strip().split(" ", 1)
                assert acknowledged.setdefault(command_id, outcome) == outcome
        if acknowledged:
            assert_whole(folder, acknowledged)
    assert len(acknowledged) > 2 * KILLS

    documents = all_documents(folder)
    with Ledger.open(folder) as ledger:
        outcomes = ledger.record_many([read_request(line) for line in lines])
        assert sum(outcome.repeated for outcome in outcomes) >= len(acknowledged)
        again = ledger.record_many([read_request(line) for line in lines])
        assert all(outcome.repeated for outcome in again)
    complete = all_documents(folder)
    assert complete[: len(documents)] == documents
    with StoreFeed(folder) as feed:
        assert feed.head() == (CALLS * 7, CALLS)


def id_in(line: bytes) -> str:
    command_id: str = orjson.loads(line)["command_id"]
    return command_id


def all_documents(folder: LedgerFolder) -> list[bytes]:
    with StoreFeed(folder) as feed:
        return [document for batch in feed.batches(0) for document in batch.documents]


def assert_whole(folder: LedgerFolder, acknowledged: dict[str, str]) -> None:
    """Positions and versions are dense, commands are whole, and each answer was true."""
    recorded: dict[str, list[int]] = {}
    versions: dict[str, int] = {}
    with StoreFeed(folder) as feed:
        for batch in feed.batches(0):
            for position, document in zip(batch.positions, batch.documents, strict=True):
                read = orjson.loads(document)
                recorded.setdefault(read["commandid"], []).append(position)
                assert read["version"] == versions.get(read["subject"], 0) + 1
                versions[read["subject"]] = read["version"]
        refused = {
            orjson.loads(document)["commandid"]: number
            for batch in feed.refusals(0)
            for number, document in zip(batch.numbers, batch.documents, strict=True)
        }
    for command_id, outcome in acknowledged.items():
        kind, place = outcome.split()
        if kind == "recorded":
            assert recorded[command_id][-1] == int(place)
        else:
            assert refused[command_id] == int(place)
    assert not recorded.keys() & refused.keys()
    for positions in recorded.values():
        assert positions == list(range(positions[0], positions[-1] + 1))
