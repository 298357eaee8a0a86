"""What the library and repeated commands ask of any SQL database, in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn
from uuid import UUID

import orjson
from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent, Subscription

from ledger.application import key_of, source_and_call_id
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
            "SELECT e.version, e.document, e.position FROM calls c JOIN events e USING (call)"
            " WHERE c.source = ? AND c.call_id = ? AND e.version > ? AND e.version <= ?"
            f" ORDER BY e.version {'DESC' if desc else 'ASC'} LIMIT ?",
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
    ) -> Sequence[Notification]:
        """Events of all calls in the order of their positions; topics are not told apart."""
        if topics:
            raise NotImplementedError("the feed has all events; a follower takes what it needs")
        first = (start or 0) + (0 if inclusive_of_start else 1)
        rows = self.rows(
            "SELECT position, version, document FROM events WHERE position BETWEEN ? AND ?"
            " ORDER BY position LIMIT ?",
            first,
            NO_LIMIT if stop is None else stop,
            limit,
        )
        notifications = []
        for position, version, document in rows:
            read = orjson.loads(document)
            key = key_of(read["source"], read["subject"])
            notifications.append(Notification(key, version, read["type"], document, id=position))
        return notifications

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> NoReturn:
        """Not a door of this ledger: `write` takes events with their outcomes."""
        raise NotImplementedError("events are appended with their outcomes, by write()")

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Not offered: followers read the feed from their own position."""
        raise NotImplementedError("followers read the feed from their own position")
