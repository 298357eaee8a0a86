"""Who has a shard: each of its commits follows the one before, and those of an earlier one fail."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

import duckdb
import msgspec
import pyarrow as pa

from infra.errors import LedgerError
from lake.columns import (
    COMMITS,
    DEAD_LETTERS,
    EVENTS,
    RECORD,
    REFUSALS,
    REVISION,
    carried,
    made_by,
    tables,
    tables_by_call,
)
from lake.record import Record
from lake.rows import records
from lake.shard import Shard, WrongShard
from lake.table import Lake, Overtaken, Rows
from projections.dead_letters import Offsets
from projections.identity import OtherLedger

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
        connection: duckdb.DuckDBPyConnection,
        position: int,
        refusal_number: int,
        offsets: Offsets,
        topic_ids: dict[str, str],
        first_event: int | None,
        has_other_dead_letters: bool,
    ) -> Record:
        """Publish what was changed, with how far the shard is now, as one commit.

        The connection's transaction has the rows; its temporary tables `published_calls` and
        `published_events` say which are to be published. Raises `ShardTaken`, and
        `LakeUnavailable`: then nothing of it is there.
        """
        after = self.last.refusal_number
        record = self.last.following(
            state=uuid.uuid4().hex,
            position=position,
            refusal_number=refusal_number,
            offsets=tuple(sorted((*place, offset) for place, offset in offsets.items())),
            topic_ids=topic_ids,
            first_event=self.last.first_event or first_event,
        )
        which = {
            EVENTS: "position in (select position from temp.published_events)",
            REFUSALS: f"refusal_number > {after}",
            **dict.fromkeys(tables_by_call(), calls_changed(connection)),
        }
        if has_other_dead_letters:
            which[DEAD_LETTERS] = "true"
        self._commit(
            record,
            [
                Rows(name, self.shard.number, FRESH, record.revision, rows)
                for name, condition in which.items()
                if (rows := rows_of(connection, name, condition, record.revision)).num_rows
                or name == DEAD_LETTERS
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
        said = pa.table({RECORD: [msgspec.json.encode(record).decode()]})
        files = self.lake.write_all(
            [*rows, Rows(COMMITS, self.shard.number, FRESH, record.revision, said)]
        )
        try:
            self.lake.commit(application(self.shard), record.revision, files)
        except Overtaken:
            raise ShardTaken(
                f"Another process has shard {self.shard} of {self.lake.place} now, and this one"
                " ends: let one alone have it."
            ) from None
        self.last = record


def calls_changed(connection: duckdb.DuckDBPyConnection) -> str:
    """The condition for rows of the calls to be published."""
    ((oldest,),) = connection.execute(
        "select coalesce(min(call_position), 0) from temp.published_calls"
    ).fetchall()
    # The number itself, so that older parts of a table are skipped.
    return (
        f"call_position >= {oldest}"
        " and call_position in (select call_position from temp.published_calls)"
    )


def rows_of(
    connection: duckdb.DuckDBPyConnection, name: str, condition: str, revision: int
) -> pa.Table:
    """The rows of a table as they travel."""
    return connection.sql(
        f"select {carried(tables()[name])}, {revision}::bigint as {REVISION}"
        f" from main.{name} where {condition}"
    ).to_arrow_table()


def check_same(lake: Lake, shard: Shard, found: Iterable[Record], first_event: int | None) -> None:
    """Refuse tables that are divided otherwise, of another version, or of another ledger."""
    for one in found:
        if one.count != shard.count:
            raise WrongShard(
                f"The tables in {lake.place} are those of {one.count} shards: take one of them, as"
                f" {one.number}/{one.count}, or name another place."
            )
        if one.made_by != made_by():
            raise LedgerError(
                f"The tables in {lake.place} were made by another version of Call Ledger: use that"
                " one, or name another place to have them made anew."
            )
        if None not in (one.first_event, first_event) and one.first_event != first_event:
            raise OtherLedger(
                f"The tables in {lake.place} are of another ledger, or of a later copy of it (Kafka"
                " has another first event): name another place."
            )
