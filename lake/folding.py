"""Fresh rows are folded into buckets, so that readers find few files and no row that was replaced.

A bucket has the calls that began at so many positions next to each other, so it is one of time,
and a fold writes anew the buckets alone of which calls were published since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import duckdb

from lake.columns import CALLS, COMMITS, DEAD_LETTERS, EVENTS, REFUSALS, tables_by_call
from lake.rows import newest, records, rows_in
from lake.table import File, Lake, Overtaken, Rows

BUCKET_POSITIONS: Final = 1_000_000
"""Positions of one bucket: a quarter of an hour at a thousand events a second."""

FILES_TO_JOIN: Final = 16
"""Files of events in a bucket become one when they are so many: events are never replaced."""

MEMORY_MEGABYTES: Final = 1_000


def application(shard: int) -> str:
    """What Delta calls whoever folds a shard."""
    return f"call-ledger lake compact {shard}"


def fold(lake: Lake, shard: int, at_least_commits: int = 1) -> int:
    """Fold what is fresh of a shard, if there are so many commits of it; how many it were.

    Its writer goes on meanwhile, and of two that fold at once one does nothing. Raises
    `LakeUnavailable`.
    """
    lake.look()
    files = [file for file in lake.files() if file.shard == shard]
    commits = [file for file in files if file.table == COMMITS]
    if len(commits) - 1 < at_least_commits:
        return 0
    transaction = lake.last_transaction(application(shard)) + 1
    with (
        lake.place.explained(),
        duckdb.connect(
            config={
                "memory_limit": f"{MEMORY_MEGABYTES}MB",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        ) as connection,
    ):
        connection.execute("set enable_progress_bar = false")
        lake.place.show_to(connection)
        folding = Folding(lake, shard, files, connection)
        added = [lake.write(rows) for rows in folding.rows()]
    try:
        lake.commit(application(shard), transaction, added, folding.replaced, is_new=False)
    except Overtaken:
        return 0
    return len(commits) - 1


def fold_all(lake: Lake) -> int:
    """Fold what is fresh of each shard; returns how many commits it were. Raises as `fold`."""
    return sum(fold(lake, shard) for shard in records(lake, lake.files()))


class Folding:
    """The rows of one shard's buckets, with what is fresh put in its place."""

    def __init__(
        self, lake: Lake, shard: int, files: Sequence[File], connection: duckdb.DuckDBPyConnection
    ) -> None:
        self._lake = lake
        self._shard = shard
        self._connection = connection
        self._revision = max(file.revision for file in files)
        self._fresh: dict[str, list[File]] = defaultdict(list)
        self._settled: dict[tuple[str, int], list[File]] = defaultdict(list)
        for file in files:
            if file.bucket is None:
                self._fresh[file.table].append(file)
            else:
                self._settled[file.table, file.bucket].append(file)
        self.replaced: list[File] = []
        """The files whose rows are in those that are written, or were replaced since."""

    def rows(self) -> Iterator[Rows]:
        """The rows of each file to be written."""
        yield from self._by_call()
        yield from self._following(EVENTS, "position")
        yield from self._following(REFUSALS, "refusal_number")
        for name in (COMMITS, DEAD_LETTERS):
            last = newest(self._fresh[name], name).get(self._shard)
            self.replaced += (file for file in self._fresh[name] if file != last)

    def _by_call(self) -> Iterator[Rows]:
        fresh = rows_in(self._lake.place, CALLS, self._fresh[CALLS])
        self._connection.execute(
            "create table fresh_calls as"
            f" select call_position, max(revision) as revision from ({fresh}) group by all"
        )
        buckets = self._buckets("call_position", "from fresh_calls")
        for name in tables_by_call():
            fresh = rows_in(self._lake.place, name, self._fresh[name])
            self.replaced += self._fresh[name]
            for bucket in buckets:
                before = self._settled[name, bucket]
                settled = rows_in(self._lake.place, name, before)
                self.replaced += before
                yield from self._file(
                    name,
                    bucket,
                    f"select * from ({settled}) anti join fresh_calls using (call_position)"
                    f" union all select * from ({fresh})"
                    " semi join fresh_calls using (call_position, revision)"
                    f" where {within('call_position', bucket)} order by call_position",
                )

    def _following(self, name: str, key: str) -> Iterator[Rows]:
        """Rows that follow each other and are never replaced."""
        fresh = rows_in(self._lake.place, name, self._fresh[name])
        self.replaced += self._fresh[name]
        for bucket in self._buckets(key, fresh):
            before = self._settled[name, bucket]
            joined = before if len(before) >= FILES_TO_JOIN else []
            self.replaced += joined
            settled = rows_in(self._lake.place, name, joined)
            yield from self._file(
                name,
                bucket,
                f"select * from ({settled}) union all"
                f" select * from ({fresh}) where {within(key, bucket)} order by {key}",
            )

    def _buckets(self, key: str, rows: str) -> list[int]:
        """The buckets that some rows are of."""
        found = self._connection.execute(
            f"select distinct ({key} - 1) // {BUCKET_POSITIONS} from ({rows}) order by all"
        )
        return [bucket for (bucket,) in found.fetchall()]

    def _file(self, name: str, bucket: int, sql: str) -> Iterator[Rows]:
        rows = self._connection.sql(sql).to_arrow_table()
        if rows.num_rows:
            yield Rows(name, self._shard, bucket, self._revision, rows)


def within(key: str, bucket: int) -> str:
    """The condition for what belongs to a bucket."""
    first = bucket * BUCKET_POSITIONS + 1
    return f"{key} between {first} and {first + BUCKET_POSITIONS - 1}"
