"""What a commit says of its shard: how far it is, and who wrote it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec


class Record(msgspec.Struct, frozen=True):
    """A shard as of one commit."""

    number: int
    count: int
    revision: int
    """Counts the shard's commits, from 1 on."""
    epoch: int
    """Counts those who had the shard; an earlier one must not write any more."""
    state: str
    """Names the rows and offsets: a local file that has this name as well has the same ones."""
    made_by: str
    """The models' hash."""
    position: int = 0
    """Every event up to this position that is the shard's is in its rows."""
    refusal_number: int = 0
    offsets: tuple[tuple[str, int, int], ...] = ()
    """Topic, partition, and the offset of the next message to be read."""
    topic_ids: dict[str, str] = {}
    first_event: int | None = None
    """The fingerprint of the ledger's first event."""
    published_at: str = ""
    """UTC."""

    def following(self, **changed: object) -> Record:
        """The record of the next commit."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return msgspec.structs.replace(
            self, revision=self.revision + 1, published_at=now, **changed
        )
