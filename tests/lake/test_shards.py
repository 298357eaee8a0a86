"""What several shards have published is what one rebuild of the whole ledger comes to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from consumers.kafka.topic_identity import TopicMadeAgain
from infra.kafka import Kafka
from infra.topics import EVENTS
from lake.folding import fold, fold_all
from lake.place import LakePlace
from lake.reading import LakeReader
from lake.shard import Shard, WrongShard
from lake.table import Lake
from lake.writer import ShardTaken, ShardWriter
from projections.errors import OtherLedger
from tests.consumers.made_again import make_again
from tests.consumers.projecting import POISON, bring, bring_spoiled
from tests.consumers.recorded import EVENTS_A_CALL, record_calls
from tests.lake.sharding import bring_up, published, rebuilt, rows_of, shards

CALLS = 40


def test_the_rows_of_all_shards_are_those_of_a_rebuild(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    store = tmp_path / "store"
    for calls in (CALLS // 2, CALLS):
        record_calls(store, calls)
        bring(store, kafka, page_events=100)
        for shard in shards(2):
            bring_up(tmp_path / "shards", kafka, place, shard)
    expected = rebuilt(store, tmp_path / "rebuilt")
    assert all(expected[name] for name in ("events", "calls", "exits", "refusals", "agent_days"))
    assert published(place) == expected
    everything = CALLS * EVENTS_A_CALL
    with LakeReader(Lake(place)) as reader:
        assert reader.positions == {"1/2": everything, "2/2": everything}
        assert "The lowest is 280." in reader.note
    assert fold_all(Lake(place)) > 0
    assert published(place) == expected


def test_a_shard_without_its_file_goes_on_from_its_commit(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    store = tmp_path / "store"
    for turn, calls in enumerate((10, 20, 30)):
        record_calls(store, calls)
        bring(store, kafka)
        for shard in shards(2):
            # Each time it is another machine, with an empty folder.
            record = bring_up(tmp_path / f"machine {turn}", kafka, place, shard)
            assert record.epoch == turn + 1
        if turn == 1:
            fold_all(Lake(place))
    assert published(place) == rebuilt(store, tmp_path / "rebuilt")


def test_a_file_that_is_not_as_its_last_commit_is_brought_back(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    store, shard, machine = tmp_path / "store", Shard(1, 1), tmp_path / "machine"
    record_calls(store, 5)
    bring(store, kafka)
    bring_up(machine, kafka, place, shard)
    shutil.copytree(machine, tmp_path / "before")
    record_calls(store, 9)
    bring(store, kafka)
    bring_up(machine, kafka, place, shard)
    record_calls(store, 12)
    bring(store, kafka)
    bring_up(tmp_path / "before", kafka, place, shard)
    assert published(place) == rebuilt(store, tmp_path / "rebuilt")


def test_whoever_had_a_shard_before_is_refused(place: LakePlace) -> None:
    shard = Shard(1, 2)
    zombie = ShardWriter(Lake.made(place), shard, None)
    zombie.take_over()
    zombie.note_position(1)
    ShardWriter(Lake(place), shard, None).take_over()
    for _ in range(2):
        with pytest.raises(ShardTaken, match="has shard 1/2 of"):
            zombie.note_position(2)
        zombie.lake.look()  # who has seen what was committed since is refused as well
    ShardWriter(Lake(place), Shard(2, 2), None).take_over()
    with LakeReader(Lake(place)) as reader:
        assert reader.positions == {"1/2": 1, "2/2": 0}


def test_of_two_that_take_a_shard_over_at_once_one_has_it(place: LakePlace) -> None:
    shard = Shard(1, 1)
    one, other = (ShardWriter(Lake.made(place), shard, None) for _ in range(2))
    one.take_over()
    with pytest.raises(ShardTaken):
        other.take_over()
    one.note_position(3)


def test_a_table_that_is_divided_otherwise_or_of_another_ledger_is_left_alone(
    place: LakePlace,
) -> None:
    ShardWriter(Lake.made(place), Shard(1, 2), 4711).take_over()
    with pytest.raises(WrongShard, match="are those of 2 shards"):
        ShardWriter(Lake(place), Shard(1, 3), 4711)
    with pytest.raises(OtherLedger, match="of another ledger"):
        ShardWriter(Lake(place), Shard(2, 2), 4712)
    for words in ("2", "0/2", "3/2", "1/7", "-1/2", "1/2/3", "²/3"):
        with pytest.raises(WrongShard, match="names no shard"):
            Shard.named(words, 6)
    assert Shard.named("2/6", 6) == Shard(2, 6)


def test_topics_that_were_made_again_are_told_and_nobody_is_driven_out(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    record_calls(tmp_path / "store", 3)
    bring(tmp_path / "store", kafka)
    before = bring_up(tmp_path / "machine", kafka, place, Shard(1, 1))
    make_again(kafka, EVENTS)
    with pytest.raises(TopicMadeAgain, match="name another place for each shard"):
        bring_up(tmp_path / "machine", kafka, place, Shard(1, 1))
    assert ShardWriter(Lake(place), Shard(1, 1), None).last == before


@pytest.mark.parametrize("kind", ["not JSON", "no row", "edited bytes"])
def test_a_bad_message_is_a_dead_letter_of_its_shard_until_it_comes_again(
    kind: str, tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    spoil, reason = POISON[kind]
    store = tmp_path / "store"
    record_calls(store, 20)
    spoiled = 3 * EVENTS_A_CALL + 4
    bring_spoiled(store, kafka, spoiled, spoil)
    for shard in shards(2):
        bring_up(tmp_path / "shards", kafka, place, shard)
    with LakeReader(Lake(place)) as reader:
        assert rows_of(reader, "select call_id from calls where is_incomplete") == [("call-3",)]
        ((why, state),) = rows_of(reader, "select reason, state from dead_letters")
        assert reason in why
        assert state == "waiting"
    bring(store, kafka, from_position=spoiled)
    for shard in shards(2):
        # On another machine, which has the dead letter from the table.
        bring_up(tmp_path / "other", kafka, place, shard)
    assert published(place) == rebuilt(store, tmp_path / "rebuilt")
    with LakeReader(Lake(place)) as reader:
        assert rows_of(reader, "select state from dead_letters") == [("read",)]


def test_what_is_published_again_is_taken_once(
    tmp_path: Path, kafka: Kafka, place: LakePlace
) -> None:
    store = tmp_path / "store"
    record_calls(store, 10)
    bring(store, kafka)
    for shard in shards(2):
        bring_up(tmp_path / "shards", kafka, place, shard)
    bring(store, kafka, from_position=1)
    for shard in shards(2):
        bring_up(tmp_path / "shards", kafka, place, shard)
    assert published(place) == rebuilt(store, tmp_path / "rebuilt")


def test_of_two_that_fold_at_once_one_does_and_no_row_is_there_twice(
    tmp_path: Path, kafka: Kafka, place: LakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    record_calls(store, 10)
    bring(store, kafka)
    bring_up(tmp_path / "machine", kafka, place, Shard(1, 1))
    expected = published(place)
    slow, quick = Lake(place), Lake(place)
    write = Lake.write

    def write_late(lake: Lake, *arguments: object) -> object:
        if lake is slow:
            fold(quick, 1)
        return write(lake, *arguments)  # type: ignore[arg-type] # whatever it is given

    monkeypatch.setattr(Lake, "write", write_late)
    assert fold(slow, 1) == 0
    assert published(place) == expected
