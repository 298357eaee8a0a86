"""PostgreSQL: what is refused at start, and that writers beside each other decide as one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from infra.errors import LedgerUnavailable
from infra.folder import LedgerFolder
from infra.local.postgresql import LocalPostgresql
from infra.postgresql import Postgresql, without_password
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.store.interface import TurnLost
from ledger.store.postgresql import PostgresqlEventStore
from tests.ledger.connection_cutter import ConnectionCutter
from tests.ledger.scenes import command, connected, recorded, refused, requests
from tests.ledger.stores import PostgresqlStore, ledger_at


@pytest.fixture
def folder(tmp_path: Path, postgresql_store: PostgresqlStore) -> LedgerFolder:
    """A ledger that is not there yet, in PostgreSQL."""
    return ledger_at(tmp_path, postgresql_store.url)


@pytest.mark.parametrize("door", [Ledger.open, StoreFeed])
def test_a_schema_of_something_else_is_refused(
    folder: LedgerFolder, postgresql_store: PostgresqlStore, door: type[StoreFeed]
) -> None:
    postgresql_store.execute(folder, "CREATE TABLE events (name text)")
    with pytest.raises(LedgerUnavailable, match="tables of something else"):
        door(folder)


@pytest.mark.parametrize("door", [Ledger.open, StoreFeed])
def test_a_newer_format_is_refused(
    folder: LedgerFolder, postgresql_store: PostgresqlStore, door: type[StoreFeed]
) -> None:
    Ledger.open(folder).close()
    postgresql_store.execute(folder, "UPDATE call_ledger SET format = 99")
    with pytest.raises(LedgerUnavailable, match="format 99"):
        door(folder)


@pytest.mark.parametrize("word", ["y", "TRUE", "1", "on"])
def test_functions_that_write_without_a_lock_are_refused(
    folder: LedgerFolder,
    postgresql_store: PostgresqlStore,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
) -> None:
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", word)
    with pytest.raises(LedgerUnavailable, match="POSTGRES_ENABLE_DB_FUNCTIONS is set"):
        Ledger.open(folder)
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "n")
    Ledger.open(folder).close()


def test_a_server_that_may_lose_commits_is_refused(
    folder: LedgerFolder, postgresql: LocalPostgresql, postgresql_store: PostgresqlStore
) -> None:
    settings = postgresql.data / "postgresql.conf"
    before = settings.read_bytes()
    with postgresql_store.connect() as connection:
        try:
            settings.write_bytes(before + b"\nfsync = off\n")
            reload_until(connection, "off")
            with pytest.raises(LedgerUnavailable, match="fsync off"):
                Ledger.open(folder)
        finally:
            settings.write_bytes(before)
            reload_until(connection, "on")


def reload_until(connection: psycopg.Connection[tuple[object, ...]], fsync: str) -> None:
    connection.execute("SELECT pg_reload_conf()")
    for _ in range(500):
        if connection.execute("SHOW fsync").fetchone() == (fsync,):
            return
        connection.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(f"fsync did not become {fsync}")


def test_commits_are_on_disk_whatever_the_url_says(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    hasty = Postgresql(f"{postgresql_store.url}%20-csynchronous_commit%3Doff")
    with closing(PostgresqlEventStore.open(hasty)) as store:
        shown = store.connection.execute("SHOW synchronous_commit")
        assert shown.fetchone() == ("on",)


def test_a_server_that_is_not_there_is_told_without_the_password(
    tmp_path: Path,
) -> None:
    folder = ledger_at(tmp_path, "postgresql://desk:secret@127.0.0.1:1/ledger")
    with pytest.raises(LedgerUnavailable, match="check that the server runs") as error:
        Ledger.open(folder)
    assert "postgresql://desk@127.0.0.1:1/ledger" in str(error.value)
    assert "secret" not in str(error.value)
    assert "secret" not in repr(folder)
    assert without_password("postgresql://a:b@c/d") == "postgresql://a@c/d"


def test_each_writer_decides_against_what_the_others_wrote(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    with Ledger.open(folder) as first, Ledger.open(folder) as second:
        first.record_many(requests(connected()))
        assert recorded(second.record(command("hold", "agent-1"))).version == 4
        assert refused(first.record(command("hold", "agent-1"))).rule == "H1"
        assert recorded(first.record(command("resume", "agent-1"))).version == 5
        assert refused(second.record(command("resume", "agent-1"))).number == 2


def test_a_command_sent_to_two_writers_is_taken_once(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    receive, wrong = command("receive", "system"), command("answer", "agent-9")
    with Ledger.open(folder) as first, Ledger.open(folder) as second:
        before = [first.record(receive), first.record(wrong)]
        after = [second.record(receive), second.record(wrong)]
    assert [one.repeated for one in before + after] == [False, False, True, True]
    assert recorded(before[0]).documents == recorded(after[0]).documents
    assert refused(before[1]).number == refused(after[1]).number


def test_a_group_that_fails_leaves_no_call_out_of_date(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    correction = command("correct", "agent-1", why="half a character", corrected_version=1)
    unwritable = correction.model_copy(update={"why": "\ud800"})
    with Ledger.open(folder) as busy, Ledger.open(folder) as failing:
        busy.record_many(requests(connected()))
        with pytest.raises(Exception, match="surrogates"):
            failing.record_many(requests([command("resume", "agent-1"), unwritable]))
        busy.record(command("hold", "agent-1"))
        assert recorded(failing.record(command("resume", "agent-1"))).version == 5


def test_a_writer_that_was_away_for_long_reads_all_of_it_again(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    following_few = PostgresqlEventStore(Postgresql(postgresql_store.url), most_followed=5)
    with (
        closing(following_few),
        Ledger(following_few) as away,
        Ledger.open(folder) as busy,
    ):
        away.record_many(requests(connected()))
        busy.record(command("hold", "agent-1"))
        for number in range(2, 9):
            busy.record_many(requests(connected(f"call-{number}")))
        assert recorded(away.record(command("resume", "agent-1"))).version == 5


def test_a_writer_that_knows_of_more_events_than_there_are_stops(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
        postgresql_store.execute(folder, "DELETE FROM events WHERE position = 3")
        with pytest.raises(LedgerUnavailable, match="lost events after position 2, 3 were"):
            ledger.record(command("hold", "agent-1"))


def test_a_commit_whose_answer_is_lost_is_neither_doubled_nor_a_conflict(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    with ConnectionCutter(postgresql_store.url) as cutter:
        with Ledger.open(ledger_at(folder.path, cutter.url)) as ledger:
            first = ledger.record_many(requests(connected()))
            cutter.cut_next("after COMMIT")
            held = recorded(ledger.record(command("hold", "agent-1")))
            assert (held.version, held.repeated) == (4, False)
            cutter.cut_next("before COMMIT")
            resumed = recorded(ledger.record(command("resume", "agent-1")))
            assert (resumed.version, resumed.repeated) == (5, False)
            cutter.cut_next("after COMMIT")
            wrong = refused(ledger.record(command("resume", "agent-1")))
            assert (wrong.number, wrong.repeated) == (1, False)
            cutter.cut_next("instead of READY")
            again = recorded(ledger.record(command("hold", "agent-1")))
            assert (again.version, again.repeated) == (6, False)
        assert cutter.cuts == 4
    assert [one.repeated for one in first] == [False] * 3
    with StoreFeed(folder) as feed:
        assert feed.head() == (6, 1)


def test_a_reader_goes_on_over_a_new_connection(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
        with StoreFeed(folder) as feed:
            assert feed.head() == (3, 0)
            with postgresql_store.connect() as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'call-ledger'"
                )
            assert feed.head() == (3, 0)
        assert recorded(ledger.record(command("hold", "agent-1"))).version == 4


def test_a_writer_stopped_in_its_turn_holds_the_others_up_for_a_bounded_time(
    folder: LedgerFolder, postgresql_store: PostgresqlStore
) -> None:
    own = quote(" -cidle_in_transaction_session_timeout=300ms")
    folder = ledger_at(folder.path, postgresql_store.url + own)
    assert folder.postgresql is not None
    with (
        closing(PostgresqlEventStore.open(folder.postgresql)) as store,
        Ledger(store) as stopped,
        Ledger.open(folder) as other,
    ):
        stopped.record_many(requests(connected()))
        with pytest.raises(TurnLost), store.turn():
            assert recorded(other.record(command("hold", "agent-1"))).version == 4
        assert refused(stopped.record(command("hold", "agent-1"))).rule == "H1"
