"""What the tables withhold: messages of Kafka that could not be read, as part of the quarantine.

They are numbered kafka-1, kafka-2 and so on, beside the numbers of the event store's quarantine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from infra.errors import LedgerError

PREFIX: Final = "kafka-"
LISTED: Final = """
select
    $prefix || withheld_number as number,
    strftime(withheld_at, '%Y-%m-%dT%H:%M:%SZ') as received_at,
    topic || ', partition ' || partition_number || ', offset ' || message_offset as origin,
    reason,
    octet_length(original) as size_bytes,
    state
from withheld
order by withheld_number
limit 1000
"""
SHOWN: Final = "select original from withheld where withheld_number = $number"
NOT_DISCARDED: Final = (
    "What came from Kafka cannot be discarded: its event is missing in the tables until it is read."
    " Send it again with `call-ledger publish --from POSITION`."
)
IN_USE: Final = (
    "Another process has the tables. `call-ledger project` tries all that is withheld when it"
    " starts: start it again, or end it and retry."
)


def asked(folder: Path, sql: str, **parameters: str | int) -> list[dict[str, Any]]:
    """Rows of the tables as they are; none where there are no tables."""
    from projections.database import FILE_NAME
    from projections.serving.client import Reader

    if not (folder / FILE_NAME).exists():
        return []
    with Reader(folder, as_it_is=True) as reader:
        rows: list[dict[str, Any]] = reader.ask(sql, parameters).table.to_pylist()
        return rows


def listed(folder: Path) -> list[dict[str, Any]]:
    """All of them, the first thousand."""
    return asked(folder, LISTED, prefix=PREFIX)


def shown(folder: Path, number: int) -> tuple[dict[str, Any], bytes]:
    """One of them with its bytes. Raises `LedgerError` when there is no such number."""
    named = f"{PREFIX}{number}"
    found = [one for one in listed(folder) if one["number"] == named]
    if not found:
        raise LedgerError(f"Nothing in quarantine has the number {named}: list them to see.")
    (row,) = asked(folder, SHOWN, number=number)
    return found[0], row["original"]


def retried(folder: Path, number: int) -> str:
    """Try it again; returns the reason why it still cannot be read, if so. Raises `LedgerError`."""
    from consumers.kafka.dead_letters import retry
    from projections.serving.server import Busy

    try:
        return retry(folder, number)
    except Busy:
        raise LedgerError(IN_USE) from None
