"""Connections to PostgreSQL, with a bound on every wait."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import conninfo
from psycopg.pq import PipelineStatus

from infra.settings import PATIENCE_SECONDS

# What it would tell of a lost connection is told by the error, and stands in no line of ours.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

KEEPALIVES = 3
"""Unanswered questions whether the other side is there, after which it is given up."""

PLANNING = {"enable_seqscan": "off"}
"""A plan that is made while a table is small is kept while it grows, so it must be a search."""

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Postgresql:
    """Which PostgreSQL, and how long it is waited for; shown without what is secret."""

    url: str = field(repr=False)
    patience_seconds: float = PATIENCE_SECONDS
    """A server that went away is waited for half as long; every bound is a share of it."""

    def __str__(self) -> str:
        return without_password(self.url)


def writing_connection(server: Postgresql) -> Connection:
    """Connect to write; every commit is on the server's disk when it returns.

    Raises `psycopg.Error` when the server cannot be reached or would lose what it commits.
    """
    connection = connect(server)
    try:
        settings = connection.execute(
            "SELECT current_setting('fsync'), current_setting('server_encoding'),"
            " current_setting('synchronous_commit')"
        ).fetchone()
        assert settings is not None
        fsync, encoding, synchronous_commit = settings
        if fsync != "on":
            raise psycopg.OperationalError("the server runs with fsync off and can lose commits")
        if encoding != "UTF8":
            raise psycopg.OperationalError("the database's encoding is not UTF8")
        if synchronous_commit == "off":
            connection.execute("SET synchronous_commit = on")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def in_one_message(connection: Connection) -> Iterator[None]:
    """Send several statements at once, and wait for the server once.

    A connection that the server ends in place of its last word is closed: the client leaves it in
    between, and takes it for an open one.
    """
    try:
        with connection.pipeline():
            yield
    except psycopg.Error:
        if connection.pgconn.pipeline_status != PipelineStatus.OFF:
            connection.close()
        raise


def reading_connection(server: Postgresql) -> Connection:
    """Connect to read only, to a server or to its standby."""
    connection = connect(server)
    try:
        connection.execute("SET default_transaction_read_only = on")
    except BaseException:
        connection.close()
        raise
    return connection


def bounds(patience: float) -> dict[str, str]:
    """How long the server lets a session wait; a URL's own options come before these."""
    return {
        "lock_timeout": f"{750 * patience:.0f}ms",
        "statement_timeout": f"{2_000 * patience:.0f}ms",
        # A writer that stops in its turn, or is cut off in it, gives it up after this.
        "idle_in_transaction_session_timeout": f"{500 * patience:.0f}ms",
        # The server sends nothing while rows are copied in, so it must ask whether we are there.
        **{f"tcp_{name}": str(value) for name, value in silences(patience).items()},
    }


def silences(patience: float) -> dict[str, int]:
    """After how long a side that no longer answers is given up: seconds, and milliseconds."""
    return {
        "keepalives_idle": max(1, round(patience / 12)),
        "keepalives_interval": max(1, round(patience / 30)),
        "keepalives_count": KEEPALIVES,
        "user_timeout": round(250 * patience),
    }


def network(patience: float) -> dict[str, int | str]:
    """The client's side of it, as the driver names it."""
    silence = silences(patience)
    return {
        "connect_timeout": max(2, round(patience / 12)),
        "tcp_user_timeout": silence.pop("user_timeout"),
        "application_name": "call-ledger",
        **silence,
    }


def connect(server: Postgresql) -> Connection:
    """Connect with the bounds above; what the URL says itself is left as it is."""
    url_options = conninfo.conninfo_to_dict(server.url)
    patience = server.patience_seconds
    ours = {name: value for name, value in network(patience).items() if name not in url_options}
    connection: Connection = psycopg.connect(server.url, autocommit=True, **ours)  # type: ignore[arg-type]
    try:
        own = str(url_options.get("options", ""))
        for name, value in {**bounds(patience), **PLANNING}.items():
            if name not in own:
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    except BaseException:
        connection.close()
        raise
    return connection


def without_password(url: str) -> str:
    """The URL as it may be shown: server, database and user, and nothing secret."""
    try:
        said = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "postgresql://…"
    user = f"{said['user']}@" if said.get("user") else ""
    port = f":{said['port']}" if said.get("port") else ""
    return f"postgresql://{user}{said.get('host', '')}{port}/{said.get('dbname', '')}"
