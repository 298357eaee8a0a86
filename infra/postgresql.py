"""Connections to PostgreSQL, with a bound on every wait."""

from __future__ import annotations

import psycopg
from psycopg import conninfo

BOUNDS = {
    "lock_timeout": "45s",
    "statement_timeout": "120s",
    # A writer that stops in its turn, or is cut off, gives it up after this.
    "idle_in_transaction_session_timeout": "30s",
}
"""How long the server lets a session wait; a URL's own options come before these."""

NETWORK: dict[str, int | str] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "call-ledger",
}
"""After how long a server that no longer answers is given up: seconds, and milliseconds."""

Connection = psycopg.Connection[tuple[object, ...]]


def writing_connection(url: str) -> Connection:
    """Connect to write; every commit is on the server's disk when it returns.

    Raises `psycopg.Error` when the server cannot be reached or would lose what it commits.
    """
    connection = connect(url)
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


def reading_connection(url: str) -> Connection:
    """Connect to read only, to a server or to its standby."""
    connection = connect(url)
    try:
        connection.execute("SET default_transaction_read_only = on")
    except BaseException:
        connection.close()
        raise
    return connection


def connect(url: str) -> Connection:
    """Connect with the bounds above; what the URL says itself is left as it is."""
    said = conninfo.conninfo_to_dict(url)
    network = {name: value for name, value in NETWORK.items() if name not in said}
    connection: Connection = psycopg.connect(url, autocommit=True, **network)  # type: ignore[arg-type]
    try:
        own = str(said.get("options", ""))
        for name, value in BOUNDS.items():
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
