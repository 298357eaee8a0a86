"""Commands as JSON lines, and what a ledger has to have once they were acknowledged."""

from __future__ import annotations

import orjson

from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.intake import new_command_id


def lines_of_calls(calls: int, first: int = 0) -> list[bytes]:
    """Six commands a call, one of them refused; seven events."""
    lines = []
    for number in range(first, first + calls):
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
