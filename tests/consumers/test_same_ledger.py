"""Topics, store and tables are of one ledger, or nobody goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers.publisher import StoreBehind
from infra.errors import LedgerError
from infra.kafka import Kafka
from infra.topics import EVENTS, OUTCOMES, create
from ledger.feed import StoreFeed
from projections.errors import OtherLedger
from tests.consumers.commanding import ask, serve_all
from tests.consumers.projecting import bring, read
from tests.consumers.recorded import EVENTS_A_CALL, messages_in, record_calls
from tests.ledger.lines import lines_of_calls


def test_another_ledger_that_has_more_is_not_published_after_the_first(
    tmp_path: Path, kafka: Kafka
) -> None:
    first, other = tmp_path / "first", tmp_path / "other"
    record_calls(first, 2)
    record_calls(other, 5)
    bring(first, kafka)
    with pytest.raises(StoreBehind, match="another event at position 14"):
        bring(other, kafka)
    assert len(messages_in(kafka, EVENTS)) == 2 * EVENTS_A_CALL
    record_calls(first, 1)
    bring(first, kafka)


def test_commands_are_not_taken_into_another_ledger_than_so_far(
    tmp_path: Path, kafka: Kafka
) -> None:
    first, other, empty = tmp_path / "first", tmp_path / "other", tmp_path / "empty"
    ask(kafka, lines_of_calls(1))
    assert serve_all(first, kafka) == 6
    record_calls(other, 3)
    ask(kafka, lines_of_calls(1))
    for wrong in (other, empty):
        with pytest.raises(LedgerError, match="recorded in another ledger so far"):
            serve_all(wrong, kafka)
    assert serve_all(first, kafka) == 6
    assert len(messages_in(kafka, OUTCOMES)) == 12
    with StoreFeed(other) as feed:
        assert feed.head().position == 3 * EVENTS_A_CALL


def test_tables_do_not_follow_the_topics_of_another_ledger(tmp_path: Path, kafka: Kafka) -> None:
    other_kafka = Kafka(kafka.bootstrap, prefix=f"other-{kafka.prefix}")
    create(other_kafka)
    first, other, tables = tmp_path / "first", tmp_path / "other", tmp_path / "tables"
    record_calls(first, 1)
    record_calls(other, 3)
    bring(first, kafka)
    bring(other, other_kafka)
    read(tables, kafka)
    with pytest.raises(OtherLedger, match="Kafka has another first event"):
        read(tables, other_kafka)
    assert read(tables, kafka).position == EVENTS_A_CALL
