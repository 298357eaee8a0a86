"""PostgreSQL really runs, keeps its data and its address, and leaves nothing running."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from infra.local.postgresql import LocalPostgresql
from infra.local.servers import ServerFailed, is_free


def test_it_is_version_18_and_answers(postgresql: LocalPostgresql) -> None:
    with psycopg.connect(postgresql.url) as connection:
        assert connection.info.server_version // 10_000 == 18


def test_data_and_address_outlive_a_stop_and_a_crash(own_servers: Path) -> None:
    server = LocalPostgresql(own_servers / "postgresql")
    url = server.start()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (number int)")
    for at_once in (False, True):
        with psycopg.connect(url) as connection:
            connection.execute("insert into kept values (1)")
        server.stop(at_once)
        assert not server.is_running
        assert server.start() == url
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (2,)
        port = connection.info.port
    server.stop()
    assert is_free(port)


def test_what_alter_system_sets_is_kept(own_servers: Path) -> None:
    server = LocalPostgresql(own_servers / "postgresql")
    url = server.start()
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET port = {connection.info.port}")
            connection.execute("ALTER SYSTEM SET work_mem = '7MB'")
        assert server.url == url
        server.stop()
        assert server.start() == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
    finally:
        server.stop()


def test_one_that_cannot_start_says_so_and_names_its_log(own_servers: Path) -> None:
    server = LocalPostgresql(own_servers / "postgresql")
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(ServerFailed, match="did not start: see"):
        server.start()


def test_one_that_was_never_started_has_no_address(own_servers: Path) -> None:
    with pytest.raises(ServerFailed, match="call-ledger local up"):
        _ = LocalPostgresql(own_servers).url
