"""What the read side keeps of a feed whose messages can be damaged: offsets and dead letters.

An event that cannot be read leaves a hole in `events`. It is kept here with its bytes and the
reason; its call is marked incomplete until it is read after all. Everything is written in the
transaction of the rows that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import duckdb

TABLES: Final = """
create table feed_offsets (
    topic varchar, partition_number integer, next_offset bigint,
    primary key (topic, partition_number)
);
create table feed_topics (topic varchar primary key, topic_id varchar not null);
create sequence dead_letter_numbers;
create table dead_letters (
    dead_letter_number bigint default nextval('dead_letter_numbers'),
    topic varchar not null, partition_number integer not null, message_offset bigint not null,
    position bigint, call_position bigint, call_id varchar,
    reason varchar not null, is_as_published boolean not null, original blob,
    kept_at timestamp default timezone('UTC', now()),
    state varchar not null default 'waiting',
    primary key (topic, partition_number, message_offset)
);
create table calls_to_recompute (call_position bigint);
"""
"""`calls_to_recompute` has calls to be computed again though no event of theirs is new."""

STORE: Final = "event store"
"""What stands for the topic of a dead letter that comes from the store."""

EVENTS, REFUSALS = 0, 1
"""What stands for the partition of one, whose offset is the position or the refusal's number."""

Offsets = Mapping[tuple[str, int], int]
"""The offset of the next message to be read, of each topic and partition."""


class DeadLetter(NamedTuple):
    """A message that could not be read: its place in Kafka and, if it says one, in the ledger."""

    topic: str
    partition: int
    offset: int
    position: int | None
    """The position whose event is missing because of it; nothing when none is."""
    call_position: int | None
    call_id: str | None
    reason: str
    is_as_published: bool
    """Whether the bytes are those that the publisher sent; edited ones are never taken."""
    original: bytes


def offsets(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], int]:
    """Where to go on reading."""
    rows = connection.execute("select topic, partition_number, next_offset from feed_offsets")
    return {(topic, partition): offset for topic, partition, offset in rows.fetchall()}


def topic_ids(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The ids of the topics that the offsets are of: a topic made again has another."""
    return dict(connection.execute("select topic, topic_id from feed_topics").fetchall())


def note_topics(connection: duckdb.DuckDBPyConnection, ids: Mapping[str, str]) -> None:
    """Keep which topics are read from now on."""
    connection.executemany(
        "insert or replace into feed_topics values (?, ?)", [[*one] for one in ids.items()]
    )


def note_offsets(connection: duckdb.DuckDBPyConnection, read: Offsets) -> None:
    """Keep where to go on reading."""
    connection.executemany(
        "insert or replace into feed_offsets values (?, ?, ?)",
        [[topic, partition, offset] for (topic, partition), offset in read.items()],
    )


def keep(connection: duckdb.DuckDBPyConnection, messages: Iterable[DeadLetter]) -> None:
    """Keep what could not be read, and have its call computed again; known ones are passed over."""
    for one in messages:
        call = one.call_position or call_of(connection, one.call_id)
        connection.execute(
            "insert or ignore into dead_letters (topic, partition_number, message_offset, position,"
            " call_position, call_id, reason, is_as_published, original)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*one[:4], call, *one[5:]],
        )
        connection.execute("insert into calls_to_recompute select ? where ? > 0", [call, call])


def call_of(connection: duckdb.DuckDBPyConnection, call_id: str | None) -> int | None:
    """The call of an id, as far as it is known."""
    found = connection.execute("select min(call_position) from events where call_id = ?", [call_id])
    ((call,),) = found.fetchall()
    return None if call is None else int(call)


def missing(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """The positions whose events are dead letters."""
    rows = connection.execute(
        "select position from dead_letters where position is not null and state = 'waiting'"
    )
    return {position for (position,) in rows.fetchall()}


def read_after_all(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Say of what was read meanwhile that it was; returns the calls that were incomplete."""
    waiting = (
        "state = 'waiting' and (position in (select position from events) or"
        f" topic = '{STORE}' and partition_number = {REFUSALS}"
        " and message_offset in (select refusal_number from refusal_events))"
    )
    calls = connection.execute(f"select call_position from dead_letters where {waiting}").fetchall()
    connection.execute(f"update dead_letters set state = 'read' where {waiting}")
    return [call for (call,) in calls if call is not None]


class Kept(NamedTuple):
    """What is kept of a message that could not be read."""

    state: str
    position: int | None
    call_position: int | None
    is_as_published: bool
    original: bytes


def kept(connection: duckdb.DuckDBPyConnection, number: int) -> Kept | None:
    """The dead letter of a number; nothing when there is none."""
    rows = connection.execute(
        "select state, position, call_position, is_as_published, original from dead_letters"
        " where dead_letter_number = ?",
        [number],
    ).fetchall()
    return Kept(*rows[0]) if rows else None


def to_be_read_again(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int, bytes]]:
    """What leaves a hole and may be read by now: positions, calls' positions and bytes."""
    rows = connection.execute(
        "select position, call_position, original from dead_letters where state = 'waiting'"
        " and position is not null and is_as_published order by position"
    )
    return [(at, call, bytes(original)) for at, call, original in rows.fetchall()]


def resolve(connection: duckdb.DuckDBPyConnection, position: int) -> None:
    """Say that the event of a position is here after all, and have its call computed again."""
    connection.execute(
        "insert into calls_to_recompute select call_position from dead_letters"
        " where position = ? and state = 'waiting' and call_position is not null",
        [position],
    )
    connection.execute(
        "update dead_letters set state = 'read' where position = ? and state = 'waiting'",
        [position],
    )
