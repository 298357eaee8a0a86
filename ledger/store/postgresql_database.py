"""The PostgreSQL database of the event store: its tables, and how it is opened and refused."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from infra.errors import LedgerMissing, LedgerUnavailable
from infra.postgresql import (
    Connection,
    Postgresql,
    reading_connection,
    writing_connection,
)
from ledger.store.completeness import RESTORE, made_by, what_is_missing

FORMAT = 2
"""The version of the tables below. Format 1 is read as it is, and becomes 2 when it is written."""

LOCK_NUMBERS = 0x43414C4C << 32
"""Advisory locks from here on are ours ("CALL"); the table's own number is added."""

WRITING_TURN = f"pg_advisory_xact_lock({LOCK_NUMBERS} + 'events'::regclass::oid::bigint)"
"""Whoever writes to this ledger takes this lock first: so commits are in order of positions."""

TABLES = """
CREATE TABLE calls (
    source text NOT NULL,
    call_id text NOT NULL,
    call bigint NOT NULL,
    PRIMARY KEY (source, call_id)
);
CREATE TABLE events (
    position bigint PRIMARY KEY,
    call bigint NOT NULL,
    version bigint NOT NULL,
    document bytea NOT NULL,
    UNIQUE (call, version)
);
CREATE TABLE outcomes (
    command_id bytea PRIMARY KEY,
    first_position bigint,
    events bigint NOT NULL,
    refusal_number bigint,
    fingerprint bigint
);
CREATE TABLE refusals (
    number bigint PRIMARY KEY,
    document bytea NOT NULL
);
CREATE TABLE quarantine (
    number bigint PRIMARY KEY,
    received_at text NOT NULL,
    origin text NOT NULL,
    reason text NOT NULL,
    original bytea NOT NULL,
    state text NOT NULL,
    resolved_at text,
    resolved_by text,
    why text
);
CREATE INDEX quarantine_waiting ON quarantine (number) WHERE state = 'waiting';
CREATE INDEX quarantine_origin ON quarantine (origin);
CREATE SEQUENCE given_positions MINVALUE 0 START 0;
CREATE SEQUENCE given_refusals MINVALUE 0 START 0;
CREATE TABLE call_ledger (format integer NOT NULL, filled_from text);
"""

FROM_FORMAT_1 = """
ALTER TABLE outcomes ADD COLUMN fingerprint bigint;
CREATE INDEX quarantine_waiting ON quarantine (number) WHERE state = 'waiting';
CREATE INDEX quarantine_origin ON quarantine (origin);
UPDATE call_ledger SET format = 2;
"""
"""What format 2 has beside format 1; outcomes recorded before keep no fingerprint."""

TABLE_NAMES = ("calls", "events", "outcomes", "refusals", "quarantine")

KEYS = (*(f"{table}_pkey" for table in TABLE_NAMES), "events_call_version_key")
"""What keeps a number, a call or a command from being there twice."""

ENDS = """
SELECT (SELECT coalesce(max(position), 0) FROM events),
       (SELECT coalesce(max(number), 0) FROM refusals)
"""

ENDS_NOTED = f"""
SELECT position, number,
       setval('given_positions', greatest(position, given_positions.last_value)),
       setval('given_refusals', greatest(number, given_refusals.last_value))
FROM ({ENDS}) AS ends (position, number), given_positions, given_refusals
"""
"""The ends, and what was given: it is noted where a deletion of the last rows does not reach."""

TRUE_WORDS = {"y", "yes", "t", "true", "on", "1"}


def open_to_write(server: Postgresql, filled_from: str | None = None) -> Connection:
    """Open the store for one of its writers, making the tables in an empty schema.

    One that is being filled from another store opens to whoever fills it alone. Raises
    `LedgerUnavailable` when it cannot be opened, is not ours, or has lost events.
    """
    refuse_database_functions()
    with explained(server):
        connection = writing_connection(server)
    try:
        with explained(server):
            (standby,) = only_row(connection, "SELECT pg_is_in_recovery()")
            if standby:
                raise LedgerUnavailable(
                    f"{server} is a standby, which takes no writes: give the URL of its primary."
                )
            if format_of(connection, server, filled_from) != FORMAT:
                make_tables(connection, server, filled_from)
            check_ends(connection, server)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(server: Postgresql) -> Connection:
    """Open the store beside its writers. Raises as `open_to_write` does, and `LedgerMissing`."""
    with explained(server):
        connection = reading_connection(server)
    try:
        with explained(server):
            if format_of(connection, server) is None:
                raise LedgerMissing(
                    f"There is no ledger in {server}: record a call, run "
                    "`call-ledger demo`, or name another database in CALL_LEDGER_STORE."
                )
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_database_functions() -> None:
    """Refuse a setting of the library by which positions would be given without a lock."""
    name = "POSTGRES_ENABLE_DB_FUNCTIONS"
    if os.environ.get(name, "").strip().lower() in TRUE_WORDS:
        raise LedgerUnavailable(
            f"{name} is set: with it events are written without a lock, and followers miss some. "
            "Unset it and start again."
        )


def make_tables(connection: Connection, server: Postgresql, filled_from: str | None) -> None:
    """Make the tables, or bring them to this format, once, however many writers begin at a time."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK_NUMBERS,))
        found = format_of(connection, server, filled_from)
        if found is None:
            connection.execute(TABLES)
            connection.execute("INSERT INTO call_ledger VALUES (%s, %s)", (FORMAT, filled_from))
        elif found != FORMAT:
            connection.execute(FROM_FORMAT_1)


def format_of(
    connection: Connection, server: Postgresql, filled_from: str | None = None
) -> int | None:
    """The version of our tables, or none; a schema with others of their names is refused."""
    ours, foreign = only_row(
        connection,
        "SELECT to_regclass('call_ledger'), coalesce(to_regclass('events'),"
        " to_regclass('calls'), to_regclass('outcomes'), to_regclass('refusals'))",
    )
    if ours is None:
        if foreign is not None:
            raise LedgerUnavailable(
                f"{server} has tables of something else: choose another database "
                "or schema in CALL_LEDGER_STORE."
            )
        return None
    version, origin = only_row(connection, "SELECT format, filled_from FROM call_ledger")
    if not isinstance(version, int) or not 1 <= version <= FORMAT:
        raise LedgerUnavailable(
            f"{server} has format {version} and this version of Call Ledger reads "
            f"up to {FORMAT}: use the version that wrote it."
        )
    if origin is not None and origin != filled_from:
        raise LedgerUnavailable(
            f"{server} is being filled from {origin}: "
            "run `call-ledger migrate` there again until it ends."
        )
    if origin is None and filled_from is not None:
        raise LedgerUnavailable(
            f"{server} has a ledger already: "
            "use it as it is, or migrate to another database or schema."
        )
    return version


def check_ends(connection: Connection, server: Postgresql) -> None:
    """Refuse a store whose last rows are gone: their numbers must never be given again."""
    # What was given is read first: a writer may go on meanwhile.
    given = given_numbers(connection)
    refuse_lost(server, only_row(connection, ENDS), given)


def given_numbers(connection: Connection) -> tuple[object, ...]:
    """The last position and the last number of a refusal that were ever given."""
    return only_row(
        connection,
        "SELECT given_positions.last_value, given_refusals.last_value"
        " FROM given_positions, given_refusals",
    )


def refuse_lost(server: Postgresql, ends: Sequence[object], given: Sequence[object]) -> None:
    """Refuse a store that has fewer rows than were recorded."""
    if lost := lost_from_end(ends, given):
        raise LedgerUnavailable(f"{server} {lost}: restore it from its last backup.")


def lost_from_end(ends: Sequence[object], given: Sequence[object]) -> str:
    """Which rows are gone from the end, though their numbers were given; empty where none is."""
    names = ("events after position", "refusals after number")
    for what, last, given_number in zip(names, ends, given, strict=True):
        if given_number > last:  # type: ignore[operator]
            return f"has lost {what} {last}, {given_number} were recorded"
    return ""


def unsoundness(connection: Connection) -> str:
    """What the store lacks of its tables, indexes or last rows, with the way on; or nothing."""
    found, _ = only_row(connection, "SELECT format, filled_from FROM call_ledger")
    later = made_by(FROM_FORMAT_1) if found != FORMAT else ()
    needed = [*(name for name in made_by(TABLES) if name not in later), *KEYS]
    names = ", ".join(f"('{name}')" for name in needed)
    there = connection.execute(
        f"SELECT name FROM (VALUES {names}) AS needed (name) WHERE to_regclass(name) IS NOT NULL"
    )
    if missing := what_is_missing(needed, [str(name) for (name,) in there], TABLES):
        return missing
    given, ends = given_numbers(connection), only_row(connection, ENDS)
    lost = lost_from_end(ends, given)
    return f"it {lost}: {RESTORE}" if lost else ""


def only_row(connection: Connection, query: str) -> tuple[object, ...]:
    """The row of a query that always has one."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


@contextmanager
def explained(server: Postgresql) -> Iterator[None]:
    """Turn PostgreSQL's errors into a sentence with the next step."""
    try:
        yield
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        raise LedgerUnavailable(
            f"The event store in {server} could not be used ({said}): {next_step(error)}"
        ) from error


def next_step(error: psycopg.Error) -> str:
    """What the reader of the error can do about it."""
    match error:
        case psycopg.errors.DiskFull():
            return "free some space on the server's disk and try again."
        case psycopg.errors.LockNotAvailable() | psycopg.errors.QueryCanceled():
            return "another writer has kept its turn too long; find it with pg_stat_activity."
        case psycopg.errors.InsufficientPrivilege():
            return "grant this user the rights on the schema, and try again."
        case psycopg.errors.ReadOnlySqlTransaction():
            return "give the URL of the primary."
        case psycopg.errors.DataCorrupted() | psycopg.errors.IndexCorrupted():
            return "restore the database from its last backup."
        case psycopg.OperationalError() if "SSL" in str(error) or "certificate" in str(error):
            return "check sslmode and sslrootcert, and that the certificate names the URL's server."
        case _:
            return "check that the server runs and that CALL_LEDGER_STORE names it rightly."
