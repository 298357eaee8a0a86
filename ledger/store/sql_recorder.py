"""What the library and repeated commands ask of any SQL database, in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent, Subscription

from ledger.application import source_and_call_id
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

    def max_notification_id(self) -> int | None:
        """The last position, or nothing in an empty ledger."""
        return self.ends().position or None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """The events of one call, with their positions."""
        rows = self.rows(
            "SELECT version, document, position FROM events"
            " WHERE call = (SELECT call FROM calls WHERE source = ? AND call_id = ?)"
            " AND version > ? AND version <= ?"
            f" ORDER BY version {'DESC' if desc else 'ASC'} LIMIT ?",
            *source_and_call_id(str(originator_id)),
            gt or 0,
            NO_LIMIT if lte is None else lte,
            NO_LIMIT if limit is None else limit,
        )
        return [
            Notification(originator_id, version, "", document, id=position)
            for version, document, position in rows
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> NoReturn:
        """Not offered: followers read the feed from their own position."""
        raise NotImplementedError("followers read the feed from their own position")

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> NoReturn:
        """Not a door of this ledger: `write` takes events with their outcomes."""
        raise NotImplementedError("events are appended with their outcomes, by write()")

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Not offered: followers read the feed from their own position."""
        raise NotImplementedError("followers read the feed from their own position")
