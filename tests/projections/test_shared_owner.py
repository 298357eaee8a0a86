"""Who asks in one process shares the tables, and a damaged file is made anew for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import duckdb
import pytest

from ledger.feed import StoreFeed
from projections.errors import FileDamaged
from projections.serving.client import Reader
from projections.serving.line import ADDRESS_NAME
from projections.serving.server import Busy
from projections.serving.shared_owner import SharedOwner
from tests.projections.received_calls import record_some

DAMAGE = "Corrupt database file: computed checksum 1 does not match stored 2"


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedOwner]:
    """Three calls, and tables that nobody has yet."""
    record_some(tmp_path, 1, 4)
    owner = SharedOwner(tmp_path, lambda: StoreFeed(tmp_path))
    yield owner
    owner.close()


def test_who_asks_in_one_process_needs_no_line(tmp_path: Path, shared: SharedOwner) -> None:
    with Reader(tmp_path, owner=shared) as one, Reader(tmp_path, owner=shared) as other:
        assert one.ask("select 1").position == 3
        (tmp_path / ADDRESS_NAME).unlink()  # nobody can be called any more
        record_some(tmp_path, 4, 5)
        assert other.ask("select 1").position == 4
        assert one.ask("select count(*) as n from calls").table["n"].to_pylist() == [4]


def test_the_tables_stay_with_those_who_still_ask(tmp_path: Path, shared: SharedOwner) -> None:
    with Reader(tmp_path, owner=shared) as one:
        with Reader(tmp_path, owner=shared) as other:
            other.ask("select 1")
        (tmp_path / ADDRESS_NAME).unlink()
        assert one.ask("select 1").position == 3
    another = SharedOwner(tmp_path, lambda: StoreFeed(tmp_path))
    with pytest.raises(Busy), another.lent():
        pass
    shared.close()
    with another.lent() as owner:
        assert owner.bring_up().position == 3
    another.close()


def test_a_damaged_file_is_made_anew_once_nobody_asks_it_any_more(
    tmp_path: Path, shared: SharedOwner
) -> None:
    asked, answered = Event(), Event()

    def ask_for_long() -> None:
        with shared.lent():
            asked.set()
            answered.wait(30)

    asking = Thread(target=ask_for_long)
    asking.start()
    assert asked.wait(30)
    with pytest.raises(FileDamaged), shared.lent() as owner, owner.writing():
        raise duckdb.IOException(DAMAGE)
    answers = []

    def ask() -> None:
        with Reader(tmp_path, owner=shared) as reader:
            answers.append(reader.ask("select 1"))

    anew = Thread(target=ask)
    anew.start()
    anew.join(0.5)
    assert answers == []
    answered.set()
    for thread in (asking, anew):
        thread.join(30)
    assert [answer.position for answer in answers] == [3]
    assert "set-aside" in answers[0].note
