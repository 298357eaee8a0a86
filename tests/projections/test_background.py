"""Tables that are kept near the store: questions do not wait for rounds unless they need to."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.folder import LedgerFolder
from infra.local.servers import wait_until
from ledger.feed import StoreFeed
from projections.serving.background import (
    LONGEST_PAUSE_SECONDS,
    LOOK_SECONDS,
    BackgroundProjector,
    pause_after,
)
from projections.serving.client import LITTLE_BEHIND_EVENTS, Reader
from projections.serving.server import owning
from tests.projections.received_calls import record_some

MORE = LITTLE_BEHIND_EVENTS + 10


def shown(folder: Path) -> int:
    """How far the tables are, without bringing them up."""
    with Reader(folder, as_it_is=True) as reader:
        return reader.ask("select 1").position


def test_what_is_a_little_behind_is_brought_up_and_what_is_further_is_asked_as_it_is(
    tmp_path: Path,
) -> None:
    record_some(tmp_path, 1, 3)
    with Reader(tmp_path) as reader:
        reader.bring_up()
        record_some(tmp_path, 3, 4)
        with reader.for_one_request(0):
            assert reader.ask("select 1").position == 3
        record_some(tmp_path, 4, 4 + MORE)
        with reader.for_one_request(0):
            assert reader.ask("select 1").position == 3
        with reader.for_one_request(3):
            assert reader.ask("select 1").position == 3
        with reader.for_one_request(4):
            assert reader.ask("select 1").position == 3 + MORE


def test_an_answer_does_not_wait_for_a_round_that_is_under_way(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 3)
    with owning(tmp_path, lambda: StoreFeed(tmp_path)) as owner, Reader(tmp_path) as reader:
        owner.bring_up()
        record_some(tmp_path, 3, 3 + MORE)
        with ThreadPoolExecutor(1) as thread, reader.for_one_request(0):
            with owner.writing():
                before = thread.submit(reader.ask, "select 1").result(timeout=5)
            assert before.position == 2


def test_tables_follow_the_store_while_nobody_asks(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 3)
    projector = BackgroundProjector(LedgerFolder(tmp_path))
    projector.begin()
    projector.begin()
    try:
        assert wait_until(lambda: shown(tmp_path) == 2, 30)
        record_some(tmp_path, 3, 5)
        assert wait_until(lambda: shown(tmp_path) == 4, 30)
        assert projector.keeps_up
    finally:
        projector.close()
    record_some(tmp_path, 5, 6)
    time.sleep(0.5)
    assert shown(tmp_path) == 4


def test_while_the_store_is_away_it_does_not_keep_up_and_goes_on_once_it_is_back(
    tmp_path: Path,
) -> None:
    record_some(tmp_path, 1, 3)
    store = tmp_path / "ledger.sqlite"
    away = store.with_suffix(".away")
    projector = BackgroundProjector(LedgerFolder(tmp_path))
    store.rename(away)
    projector.begin()
    try:
        time.sleep(0.5)
        assert not projector.keeps_up
        away.rename(store)
        assert wait_until(lambda: projector.keeps_up, 30)
        assert shown(tmp_path) == 2
    finally:
        projector.close()


def test_between_rounds_the_processor_is_left_to_others_but_never_for_long() -> None:
    assert pause_after(0.001) == LOOK_SECONDS
    assert pause_after(0.2) == pytest.approx(0.8)
    assert pause_after(60.0) == LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("before_it_begins", [True, False])
def test_it_ends_at_once_when_there_is_nothing_to_do(
    tmp_path: Path, before_it_begins: bool
) -> None:
    record_some(tmp_path, 1, 3)
    projector = BackgroundProjector(LedgerFolder(tmp_path))
    if not before_it_begins:
        projector.begin()
        assert wait_until(lambda: projector.keeps_up, 30)
    began = time.monotonic()
    projector.close()
    assert time.monotonic() - began < 10
