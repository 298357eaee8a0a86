"""An event of the store that cannot be read stops the tables before it, or is set aside."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from projections import dead_letters, unreadable
from projections.database import Projections
from projections.errors import UnreadableEvent
from projections.serving.owner import Owner
from projections.serving.server import owning
from tests.projections.damaged_store import damage, document_at
from tests.projections.held_calls import history, record
from tests.projections.rebuilding import changed_by_a_rebuild

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
HOLD_OF_SECOND = 12
"""The position at which the second of the calls is held."""


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A store of four calls; a document in the middle is cut short."""
    record(tmp_path, 0, 4)
    damage(tmp_path, HOLD_OF_SECOND, document_at(tmp_path, HOLD_OF_SECOND)[:40])
    return tmp_path


def owned(folder: Path) -> Any:
    return owning(folder, lambda: StoreFeed(folder))


def rows(owner: Owner, sql: str) -> list[tuple[Any, ...]]:
    with owner.writing() as tables:
        return tables.connection.execute(sql).fetchall()


def test_it_stops_at_the_first_with_position_and_reason_and_the_tables_are_up_to_it(
    damaged: Path,
) -> None:
    with owned(damaged) as owner:
        for _ in range(2):
            with pytest.raises(UnreadableEvent, match=r"position 12 .* It is not JSON: .*aside"):
                owner.bring_up()
        assert owner.projections.positions[0::2] == (11, 11)
        assert rows(owner, "select count(*) from events") == [(11,)]
        assert rows(owner, "from dead_letters") == []


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda one: one[:40], "It is not JSON"),
        (lambda _: b"\xff\xfe", "It is not JSON"),
        (lambda _: b"", "It is not JSON"),
        (lambda _: b"{}", "It is not as its type says"),
        (lambda one: one.replace(b'"type":"call.', b'"type":"cold.'), "is unknown to this version"),
        (lambda one: one.replace(b'"actor":', b'"extra":'), "Its envelope has no actor."),
    ],
)
def test_set_aside_it_is_kept_with_its_bytes_and_reason_and_its_call_is_incomplete(
    tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    record(tmp_path, 0, 4)
    spoiled = spoil(document_at(tmp_path, HOLD_OF_SECOND))
    damage(tmp_path, HOLD_OF_SECOND, spoiled)
    with owned(tmp_path) as owner:
        owner.bring_up(sets_aside_unreadable=True)
        ((kept, original),) = rows(owner, "select reason, original from dead_letters")
        assert reason in kept
        assert original == spoiled
        incomplete = rows(owner, "select call_id from calls where is_incomplete")
        assert incomplete == [("call-1",)]
        with owner.writing() as tables:
            assert changed_by_a_rebuild(tables) == []


def test_a_refusal_stops_it_with_its_number_and_reason_or_is_set_aside(tmp_path: Path) -> None:
    record(tmp_path, 0, 1)
    with Ledger.open(tmp_path) as ledger:
        for number in (98, 99):
            ledger.record(history(number, number + 1)[3])
    damage(tmp_path, 2, b"{}", "refusals")
    with owned(tmp_path) as owner:
        for _ in range(2):
            with pytest.raises(UnreadableEvent, match=r"refusal with number 2 .* cannot be read: "):
                owner.bring_up()
        assert owner.projections.positions[1::2] == (1, 1)
        assert owner.bring_up(sets_aside_unreadable=True).projected_refusal_number == 2
        assert rows(owner, "select count(*) from refusals") == [(1,)]
        assert rows(owner, "select message_offset, original from dead_letters") == [(2, b"{}")]


def test_one_that_comes_later_stops_it_again(damaged: Path) -> None:
    with owned(damaged) as owner:
        last = owner.bring_up(sets_aside_unreadable=True).position
        record(damaged, 4, 5)
        damage(damaged, last + 2, b"{}")
        with pytest.raises(UnreadableEvent, match=f"position {last + 2} "):
            owner.bring_up()
        assert owner.bring_up(sets_aside_unreadable=True).projected_position > last + 2
        assert rows(owner, "select position from dead_letters") == [(12,), (last + 2,)]


def test_events_that_are_recorded_meanwhile_are_in_the_tables(
    damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_it = dead_letters.keep

    def keep(*letters: Any) -> None:
        keep_it(*letters)
        record(damaged, 4, 6)

    monkeypatch.setattr(dead_letters, "keep", keep)
    with owned(damaged) as owner:
        owner.bring_up(sets_aside_unreadable=True)
        owner.bring_up()
        assert rows(owner, "select count(*) from calls") == [(6,)]
        assert rows(owner, "select count(*) from events") == [(owner.projections.positions[0] - 1,)]


def test_a_disk_that_is_full_is_no_unreadable_event(tmp_path: Path) -> None:
    record(tmp_path, 0, 1)
    with owned(tmp_path) as owner, owner.writing() as tables:

        def fail(*_: object) -> None:
            raise duckdb.IOException("No space left on device")

        with pytest.raises(duckdb.IOException):
            unreadable.unreadable(tables, [1, 2], fail)


def set_aside_and_die(folder: str, step: int) -> None:
    """Die before the dead letter is kept, after it, and after its transaction."""
    keep, refresh, note = dead_letters.keep, Projections.refresh_touched, Projections.note_position

    def die_at(number: int) -> None:
        if number == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def kept(*letters: Any) -> None:
        die_at(1)
        keep(*letters)
        die_at(2)

    def noted(tables: Projections, position: int) -> None:
        note(tables, position)
        die_at(3)

    def refreshed(tables: Projections) -> None:
        die_at(4)
        refresh(tables)
        die_at(5)

    with pytest.MonkeyPatch.context() as patched, owned(Path(folder)) as owner:
        patched.setattr(dead_letters, "keep", kept)
        patched.setattr(Projections, "note_position", noted)
        patched.setattr(Projections, "refresh_touched", refreshed)
        owner.bring_up(sets_aside_unreadable=True)


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_killed_at_every_step_it_is_set_aside_once(damaged: Path, step: int) -> None:
    killed = PROCESSES.Process(target=set_aside_and_die, args=(str(damaged), step))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    with owned(damaged) as owner:
        assert owner.note == ""
        owner.bring_up(sets_aside_unreadable=True)
        assert rows(owner, "select position from dead_letters") == [(12,)]
        assert rows(owner, "select call_id from calls where is_incomplete") == [("call-1",)]
        with owner.writing() as tables:
            assert changed_by_a_rebuild(tables) == []
