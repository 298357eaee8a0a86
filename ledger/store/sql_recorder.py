"""What replay and repeated commands ask of any SQL database, in the same words."""

from __future__ import annotations

from ledger.store.reader import NO_LIMIT
from ledger.store.recorder import CallRecorder


class SqlRecorder(CallRecorder):
    """Reads the tables, which are the same in every database; their writing is not."""

    def documents(self, first_position: int, count: int) -> list[bytes]:
        """The documents of so many events from a position on."""
        rows = self.rows(
            "SELECT document FROM events WHERE position >= ? ORDER BY position LIMIT ?",
            first_position,
            count,
        )
        return [document for (document,) in rows]

    def refusal(self, number: int) -> bytes:
        """The document of one refusal."""
        ((document,),) = self.rows("SELECT document FROM refusals WHERE number = ?", number)
        return bytes(document)

    def events_of(
        self, source: str, call_id: str, after_version: int, last_version: int | None
    ) -> list[tuple[int, bytes, int]]:
        """Version, document and position of the call's events, in order; None reads to its end."""
        return self.rows(
            "SELECT version, document, position FROM events"
            " WHERE call = (SELECT call FROM calls WHERE source = ? AND call_id = ?)"
            " AND version > ? AND version <= ? ORDER BY version",
            source,
            call_id,
            after_version,
            NO_LIMIT if last_version is None else last_version,
        )
