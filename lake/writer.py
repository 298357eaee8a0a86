"""Who has a shard: each of its commits follows the one before, and those of an earlier one fail."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

import msgspec
import pyarrow as pa

from infra.errors import LedgerError
from lake.columns import (
    COMMITS,
    DEAD_LETTERS,
    RECORD,
    REVISION,
    made_by,
)
from lake.record import Record
from lake.rows import records
from lake.shard import Shard, WrongShard
from lake.table import Lake, Overtaken, Rows
from projections.dead_letters import Offsets
from projections.errors import OtherLedger

FRESH: Final = None
"""The bucket of what was just published."""


class ShardTaken(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Another process has the shard now."""


def application(shard: Shard) -> str:
    """What Delta calls the writer of a shard."""
    return f"call-ledger project --shard {shard}"


class ShardWriter:
    """Publishes the rows of one shard, from its last commit on."""

    def __init__(self, lake: Lake, shard: Shard, first_event: int | None) -> None:
        """See how far the shard is, and which ledger's first event it is to be of.

        Raises `WrongShard` where the table is divided otherwise, `OtherLedger`, `LedgerError` for
        tables of another version, and `LakeUnavailable`.
        """
        self.lake = lake
        self.shard = shard
        found = records(lake, lake.files())
        check_same(lake, shard, found.values(), first_event)
        self.last = found.get(shard.number) or Record(
            shard.number, shard.count, 0, 0, "", made_by(), first_event=first_event
        )
        """The shard's last commit that is known here."""

    def take_over(self) -> None:
        """Have the shard from now on: whoever had it before is refused.

        Raises `ShardTaken` where another process has committed meanwhile, and `LakeUnavailable`.
        """
        self._commit(self.last.following(epoch=self.last.epoch + 1))

    def publish(
        self,
        rows: Iterable[tuple[str, pa.Table]],
        position: int,
        refusal_number: int,
        offsets: Offsets,
        topic_ids: dict[str, str],
        first_event: int | None,
    ) -> Record:
        """Publish the other rows of each table, with how far the shard is now, as one commit.

        All dead letters that there are replace those before. Raises `ShardTaken`, and
        `LakeUnavailable`: then nothing of it is there.
        """
        record = self.last.following(
            state=uuid.uuid4().hex,
            position=position,
            refusal_number=refusal_number,
            offsets=tuple(sorted((*place, offset) for place, offset in offsets.items())),
            topic_ids=topic_ids,
            first_event=self.last.first_event or first_event,
        )
        self._commit(
            record,
            [
                Rows(name, self.shard.number, FRESH, record.revision, of_revision(some, record))
                for name, some in rows
                if some.num_rows or name == DEAD_LETTERS
            ],
        )
        return record

    def note_position(self, position: int) -> Record:
        """Say how far the shard is, though no row of it is another one. Raises as `publish`."""
        record = self.last.following(position=position)
        self._commit(record)
        return record

    def _commit(
        self,
        record: Record,
        rows: Iterable[Rows] = (),
    ) -> None:
        commit_row = pa.table({RECORD: [msgspec.json.encode(record).decode()]})
        files = self.lake.write_all(
            [*rows, Rows(COMMITS, self.shard.number, FRESH, record.revision, commit_row)]
        )
        try:
            self.lake.commit(application(self.shard), record.revision, files)
        except Overtaken:
            raise ShardTaken(
                f"Another process has shard {self.shard} of {self.lake.place} now, and this one"
                " ends: let one alone have it."
            ) from None
        self.last = record


def of_revision(rows: pa.Table, record: Record) -> pa.Table:
    """The rows with the revision of their commit."""
    revisions = pa.repeat(pa.scalar(record.revision, pa.int64()), rows.num_rows)
    return rows.append_column(REVISION, revisions)


def check_same(lake: Lake, shard: Shard, found: Iterable[Record], first_event: int | None) -> None:
    """Refuse tables that are divided otherwise, of another version, or of another ledger."""
    for record in found:
        if record.count != shard.count:
            raise WrongShard(
                f"The tables in {lake.place} are those of {record.count} shards: take one of them,"
                f" as {record.number}/{record.count}, or name another place."
            )
        if record.made_by != made_by():
            raise LedgerError(
                f"The tables in {lake.place} were made by another version of Call Ledger: use that"
                " one, or name another place to have them made anew."
            )
        if None not in (record.first_event, first_event) and record.first_event != first_event:
            raise OtherLedger(
                f"The tables in {lake.place} are of another ledger, or of a later copy of it (Kafka"
                " has another first event): name another place."
            )
