"""The feed: in order, in batches, beside the writer, and loud about what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.errors import LedgerMissing, LedgerUnavailable
from infra.folder import LedgerFolder
from ledger.feed import FeedBroken, StoreFeed
from ledger.ledger import Ledger
from tests.ledger.scenes import command, connected, requests
from tests.ledger.stores import Store


def test_any_size_of_batch_yields_the_same_events(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        for number in range(7):
            ledger.record_many(requests(connected(f"call-{number}")))
    with StoreFeed(folder) as feed:
        (whole,) = feed.batches(0)
        assert list(whole.call_positions[:7]) == [1, 1, 1, 4, 4, 4, 7]
        for limit in (1, 4, 20, 21, 22):
            read = [row for batch in feed.batches(0, limit) for row in batch.documents]
            assert read == list(whole.documents)
        (rest,) = feed.batches(19)
        assert list(rest.positions) == [20, 21]
        assert list(feed.batches(21)) == []


def test_blocks_have_the_same_events_as_batches(
    folder: LedgerFolder,
) -> None:
    with Ledger.open(folder) as ledger:
        for number in range(7):
            ledger.record_many(requests(connected(f"call-{number}")))
    with StoreFeed(folder) as feed:
        (batch,) = feed.batches(0)
        for block_events in (1, 4, 20, 21, 22):
            positions: list[int] = []
            call_positions: list[int] = []
            documents: list[bytes] = []
            for block in feed.blocks(0, block_events):
                positions += block.positions
                call_positions += block.call_positions
                rest = block.documents
                for size_bytes in block.sizes_bytes:
                    documents.append(rest[:size_bytes])
                    rest = rest[size_bytes:]
                assert rest == b""
            assert (tuple(positions), tuple(call_positions)) == (
                batch.positions,
                batch.call_positions,
            )
            assert tuple(documents) == batch.documents
        assert list(feed.blocks(21)) == []


def test_a_follower_sees_what_the_writer_has_committed_meanwhile(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected("call-1")))
        with StoreFeed(folder) as feed:
            assert feed.head() == (3, 0)
            ledger.record_many(requests([*connected("call-2"), command("resume", "agent-1")]))
            assert feed.head() == (6, 1)
            (batch,) = feed.batches(3)
            assert list(batch.positions) == [4, 5, 6]


def test_a_missing_event_stops_the_feed_loudly(folder: LedgerFolder, store: Store) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests([*connected("call-1"), *connected("call-2")]))
    store.execute(folder, "DELETE FROM events WHERE position = 4")
    with StoreFeed(folder) as feed:
        with pytest.raises(FeedBroken, match="no position 4"):
            list(feed.batches(0))
        with pytest.raises(FeedBroken, match="no position 4"):
            list(feed.batches(3, 1))
        with pytest.raises(FeedBroken, match="no position 4"):
            list(feed.blocks(0))
        with pytest.raises(FeedBroken, match="no position 4"):
            list(feed.blocks(3))


def test_a_ledger_whose_last_events_are_gone_is_not_written_on(
    folder: LedgerFolder, store: Store
) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
    store.execute(folder, "DELETE FROM events WHERE position = 3")
    with pytest.raises(LedgerUnavailable, match="lost events after position 2, 3 were recorded"):
        Ledger.open(folder)


def test_a_folder_without_a_ledger_is_told(folder: LedgerFolder) -> None:
    nowhere = replace(folder, path=folder.path / "nowhere")
    with pytest.raises(LedgerMissing, match="There is no ledger in"):
        StoreFeed(nowhere)
    assert not nowhere.path.exists()


def test_a_damaged_event_is_told_when_its_call_is_rebuilt(
    folder: LedgerFolder, store: Store
) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
    store.execute(folder, "UPDATE events SET document = substr(document, 1, 99) WHERE position = 2")
    with (
        Ledger.open(folder) as ledger,
        pytest.raises(LedgerUnavailable, match="position 2, version 2 of call test call-1"),
    ):
        ledger.record(command("hold", "agent-1"))
