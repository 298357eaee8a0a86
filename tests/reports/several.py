"""A history recorded in one ledger, and the same one divided among four."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from domain.commands import Receive
from infra.folder import LedgerFolder
from ledger.ledger import Ledger
from ledger.outcomes import Misdirected, Recorded, Request
from simulation.day import simulate
from tests.several_ledgers import ledgers_in, place_of

NAMES = ("north", "east", "south", "west")
BY_HASH = 'by = "hash"\nbuckets = 8\n' + "".join(
    f"[ledgers.{name}]\nbuckets = [{number}, {number + 4}]\n{{{name}}}\n"
    for number, name in enumerate(NAMES)
)
"""With room for each ledger's store."""

SQLITE = dict.fromkeys(NAMES, "")


OPEN_CALLS = 12


def history(calls: int = 100) -> Iterator[Request]:
    """Commands, of which some are refused, and observations, of which some break rules.

    The last calls go on.
    """
    day = datetime(2026, 3, 28, tzinfo=UTC)
    for command in simulate(calls, 7, day, days=3):
        is_observed = hash_of(command.call_id) % 4 == 0
        if not is_observed:
            yield Request(command)
        elif command.action != "offer":
            seen = command.model_copy(update={"source": "elsewhere"})
            yield Request(seen, observed=True)
    for number in range(OPEN_CALLS):
        yield Request(
            Receive(
                command_id=uuid5(NAMESPACE_OID, f"{number}"),
                source="open",
                call_id=f"open-{number}",
                actor="system",
                queue="sales",
                occurred_at=day,
            )
        )


def hash_of(call_id: str) -> int:
    """The same in each process."""
    return sum(call_id.encode())


def divided(folder: Path, stores: dict[str, str] = SQLITE) -> dict[str, LedgerFolder]:
    """The history in four ledgers, by hash of call; each is handed all of it, and takes its own."""
    ledgers = ledgers_in(folder, BY_HASH.format(**stores))
    requests = [*history()]
    places = {name: place_of(ledgers, name) for name in NAMES}
    taken = 0
    for place in places.values():
        with Ledger.open(place) as ledger:
            outcomes = ledger.record_many(requests)
        taken += sum(not isinstance(one, Misdirected) for one in outcomes)
        assert any(isinstance(one, Recorded) for one in outcomes)
    assert taken == len(requests)
    return places


def in_one(folder: Path) -> LedgerFolder:
    """The same in one ledger that is alone."""
    place = LedgerFolder(folder)
    with Ledger.open(place) as ledger:
        ledger.record_many([*history()])
    return place
