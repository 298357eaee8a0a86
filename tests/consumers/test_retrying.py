"""Dead letters are read after a fix: by a retry, or when the projector starts again."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from domain.events import EVENT_CLASS_OF_TYPE
from infra.kafka import Kafka
from ledger.document_validation import READERS
from projections.serving.server import owning
from tests.consumers.projecting import (
    Spoil,
    ask,
    bring,
    bring_spoiled,
    edited,
    not_json,
    read,
    rows_from_store,
    rows_in,
)
from tests.consumers.recorded import EVENTS_A_CALL, record_calls
from tests.entrypoints.calling import call

CALLS = 5
SPOILED = 3 * EVENTS_A_CALL + 4
KINDS = "select distinct type from events order by all"


@pytest.fixture
def older(tmp_path: Path, kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tables that a version made which did not know yet how an exit is written."""
    record_calls(tmp_path / "store", CALLS)
    bring(tmp_path / "store", kafka)
    with monkeypatch.context() as before:
        before.delitem(EVENT_CLASS_OF_TYPE, "call.exited.v1")
        before.delitem(READERS, b"call.exited.v1")
        read(tmp_path / "kafka", kafka)
    return tmp_path / "kafka"


@pytest.mark.parametrize("has_owner", [False, True])
def test_a_later_version_reads_them_one_by_one_whoever_has_the_tables(
    has_owner: bool, older: Path, tmp_path: Path
) -> None:
    listed = call(older, "quarantine", "list", "--json")
    assert listed.code == 1
    assert {one["reason"] for one in listed.json} == {
        "Its type 'call.exited.v1' is unknown to this version."
    }
    shown = call(older, "quarantine", "show", "kafka-1")
    assert "call.exited.v1" in shown.out
    with owning(older) if has_owner else nullcontext():
        for one in listed.json:
            retried = call(older, "quarantine", "retry", one["number"])
            assert (retried.code, retried.out[:5]) == (0, "Read:")
        unknown = call(older, "quarantine", "retry", "kafka-99")
        assert (unknown.code, "No dead letter has the number 99" in unknown.said) == (3, True)
    assert rows_in(older) == rows_from_store(tmp_path / "store", tmp_path / "embedded")
    assert call(older, "quarantine", "list").out == "Nothing waits in quarantine.\n"
    assert call(older, "quarantine", "retry", "kafka-1").code == 0


def test_a_projector_that_starts_again_reads_all_of_them(
    older: Path, tmp_path: Path, kafka: Kafka
) -> None:
    assert ("call.exited.v1",) not in ask(older, KINDS)
    read(older, kafka)
    assert rows_in(older) == rows_from_store(tmp_path / "store", tmp_path / "embedded")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [(edited, f"`call-ledger publish --from {SPOILED}`"), (not_json, "It is not JSON")],
)
def test_a_retry_says_why_it_still_cannot_be_read(
    tmp_path: Path, kafka: Kafka, spoil: Spoil, sentence: str
) -> None:
    store, folder = tmp_path / "store", tmp_path / "kafka"
    record_calls(store, CALLS)
    bring_spoiled(store, kafka, SPOILED, spoil)
    read(folder, kafka)
    answer = call(folder, "quarantine", "retry", "kafka-1")
    assert answer.code == 1
    assert sentence in answer.said
    assert call(folder, "quarantine", "list").code == 1


def test_what_came_from_kafka_is_not_discarded(older: Path) -> None:
    answer = call(older, "quarantine", "discard", "kafka-1", "--why", "it is old")
    assert answer.code == 2
    assert "cannot be discarded" in answer.said
    assert "publish --from" in answer.said
