"""A record deleted, edited or repeated in any of the three is found and named."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from consumers.kafka.message_format import headers_of, key_in
from consumers.kafka.transactions import TransactionalWriter
from consumers.projector import project
from consumers.publisher import publish
from consumers.reconcile.compare import Difference, Reconciled, reconcile
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.local.kafka import LocalKafka
from infra.topics import EVENTS, EVENTS_POSITIONS, REFUSALS
from ledger.feed import StoreFeed
from projections.serving.client import Reader
from tests.conftest import with_fresh_topics
from tests.consumers.recorded import EVENTS_A_CALL, documents_in_store, record_calls
from tests.entrypoints.calling import call

CALLS = 20
LAST = CALLS * EVENTS_A_CALL
ONE = 3 * EVENTS_A_CALL + 4
"""The customer leaves the fourth call."""

NOBODY_STOPS = threading.Event()


def brought(store: Path, kafka: Kafka) -> None:
    """The history in all three."""
    record_calls(store, CALLS)
    publish(lambda: StoreFeed(store), kafka, NOBODY_STOPS, until_end=True, page_events=50)
    projected(store, kafka)


@pytest.fixture(scope="module")
def told(kafka_server: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Kafka]:
    """A history in all three that no test changes."""
    # Made again when tests of other modules come between: then nothing may be left of before.
    kafka = with_fresh_topics(kafka_server)
    store = tmp_path_factory.mktemp("told") / "store"
    brought(store, kafka)
    return store, kafka


def copied(told: tuple[Path, Kafka], folder: Path) -> tuple[Path, Kafka]:
    """Its store and tables to be changed, beside the same Kafka."""
    store, kafka = told
    shutil.copytree(store, folder / "store")
    shutil.copytree(tables_of(store), tables_of(folder / "store"))
    return folder / "store", kafka


def projected(store: Path, kafka: Kafka) -> None:
    project(tables_of(store), kafka, NOBODY_STOPS, until_end=True)


def tables_of(store: Path) -> Path:
    """The tables have a folder of their own: their rows come from Kafka alone."""
    return store.parent / "tables"


def compared(store: Path, kafka: Kafka | None) -> Reconciled:
    with StoreFeed(store) as feed, Reader(tables_of(store), as_it_is=True) as reader:
        return reconcile(feed, kafka, reader)


def named(store: Path, kafka: Kafka) -> list[tuple[str, int | None, str | None, str, str]]:
    came = compared(store, kafka)
    assert came.difference_count == len(came.differences)
    return [one[:5] for one in came.differences]


def in_store(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(LedgerFolder(folder).sqlite_file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def in_tables(folder: Path, *statements: str) -> None:
    with duckdb.connect(str(LedgerFolder(tables_of(folder)).projections)) as connection:
        for statement in statements:
            connection.execute(statement)


def sent(kafka: Kafka, topic: str, value: bytes, key: bytes, headers: Any) -> None:
    producer = kafka.producer()
    producer.send(kafka.topic(topic), value, key, headers).get(30)
    producer.close()


def published(store: Path, kafka: Kafka, left_out: int) -> None:
    """As the publisher does, but for one event that is left out."""
    with (
        StoreFeed(store) as feed,
        TransactionalWriter(kafka, EVENTS_POSITIONS) as pages,
        pages.page(),
    ):
        for batch in feed.batches(0):
            for at, first, document in zip(
                batch.positions, batch.call_positions, batch.documents, strict=True
            ):
                if at != left_out:
                    pages.send(EVENTS, key_in(document), document, headers_of(at, first, document))
        for refusals in feed.refusals(0):
            for number, document in zip(refusals.numbers, refusals.documents, strict=True):
                pages.send(REFUSALS, key_in(document), document, headers_of(number, 0, document))
        pages.write_checkpoint({"position": feed.head().position, "refusal_number": CALLS})


def test_what_is_the_same_in_all_three_shows_no_difference(
    tmp_path: Path, told: tuple[Path, Kafka]
) -> None:
    store, kafka = copied(told, tmp_path)
    came = compared(store, kafka)
    assert came.differences == []
    assert came.extents == [
        *(("event", side, LAST, LAST) for side in ("store", "Kafka", "tables")),
        *(("refusal", side, CALLS, CALLS) for side in ("store", "Kafka", "tables")),
    ]


def test_who_is_only_behind_shows_no_difference(tmp_path: Path, kafka: Kafka) -> None:
    store = tmp_path / "store"
    brought(store, kafka)
    record_calls(store, CALLS + 5)
    assert named(store, kafka) == []
    publish(lambda: StoreFeed(store), kafka, NOBODY_STOPS, until_end=True)
    assert named(store, kafka) == []


EDIT = "set document = replace(document, 'agent-1', 'agent-9')"
IN_STORE: dict[str, tuple[str, int, str]] = {
    "deleted": (f"delete from events where position = {ONE - 2}", ONE - 2, "missing"),
    "last one deleted": (f"delete from events where position = {LAST}", LAST, "missing"),
    "edited": (f"update events {EDIT} where position = {ONE - 2}", ONE - 2, "edited"),
    "edited in a space": (
        "update events set document = cast(replace(document, '{\"', '{ \"') as blob)"
        f" where position = {ONE}",
        ONE,
        "edited",
    ),
    "repeated": (
        f"insert into events select {LAST + 1}, call, 99, document from events"
        f" where position = {ONE}",
        LAST + 1,
        "repeated",
    ),
}


@pytest.mark.parametrize("how", IN_STORE)
def test_the_store_is_named(how: str, tmp_path: Path, told: tuple[Path, Kafka]) -> None:
    store, kafka = copied(told, tmp_path)
    statement, number, kind = IN_STORE[how]
    in_store(store, statement)
    call_id = "call-19" if number == LAST else "call-3"
    assert named(store, kafka) == [("event", number, call_id, "store", kind)]


def again(table: str, which: str) -> str:
    """Generated columns are no part of a row that is inserted."""
    return f"insert into {table} by name select * exclude (causation_id) from {table} where {which}"


IN_TABLES: dict[str, tuple[str, int, str]] = {
    "deleted": (f"delete from events where position = {ONE}", ONE, "missing"),
    "last one deleted": (f"delete from events where position = {LAST}", LAST, "missing"),
    "edited": (f"update events set actor = 'agent-9' where position = {ONE}", ONE, "edited"),
    "repeated": (again("events", f"position = {ONE}"), ONE, "repeated"),
}


@pytest.mark.parametrize("how", IN_TABLES)
def test_the_tables_are_named(how: str, tmp_path: Path, told: tuple[Path, Kafka]) -> None:
    store, kafka = copied(told, tmp_path)
    statement, number, kind = IN_TABLES[how]
    in_tables(store, statement)
    call_id = "call-19" if number == LAST else "call-3"
    assert named(store, kafka) == [("event", number, call_id, "tables", kind)]


Forge = Callable[[bytes], tuple[bytes, Any]]
FORGED: dict[str, tuple[Forge, int | None, str]] = {
    "repeated": (lambda one: (one, headers_of(ONE, ONE - 3, one)), ONE, "repeated"),
    "edited beside": (lambda one: (one + b" ", headers_of(ONE, ONE - 3, one)), ONE, "edited"),
    "edited with its checksum": (
        lambda one: (one + b" ", headers_of(ONE, ONE - 3, one + b" ")),
        ONE,
        "edited",
    ),
    "beyond the last": (lambda one: (one, headers_of(LAST + 9, 1, one)), LAST + 9, "foreign"),
    "without a place": (lambda one: (one, []), None, "foreign"),
    "no document": (lambda _: (b"\xff no text", []), None, "foreign"),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_message_beside_is_named(how: str, tmp_path: Path, kafka: Kafka) -> None:
    store = tmp_path / "store"
    brought(store, kafka)
    forge, number, kind = FORGED[how]
    value, headers = forge(documents_in_store(store)[ONE - 1])
    sent(kafka, EVENTS, value, b"call-3", headers)
    (difference,) = compared(store, kafka).differences
    assert difference[:5] == ("event", number, "call-3", "Kafka", kind)
    assert difference.partition is not None
    assert difference.offset is not None


def test_a_message_that_kafka_lacks_is_named(tmp_path: Path, kafka: Kafka) -> None:
    store = tmp_path / "store"
    record_calls(store, CALLS)
    published(store, kafka, left_out=ONE)
    with StoreFeed(store) as feed:
        came = reconcile(feed, kafka, None)
    assert came.differences == [Difference("event", ONE, "call-3", "Kafka", "missing", None, None)]


def test_a_message_edited_in_kafka_is_named(tmp_path: Path, kafka: Kafka) -> None:
    store = tmp_path / "store"
    record_calls(store, CALLS)
    published(store, kafka, left_out=ONE)
    document = documents_in_store(store)[ONE - 1]
    edited = document.replace(b"customer", b"intruder")
    sent(kafka, EVENTS, edited, b"call-3", headers_of(ONE, ONE - 3, document))
    with StoreFeed(store) as feed:
        came = reconcile(feed, kafka, None)
    assert [one[:5] for one in came.differences] == [("event", ONE, "call-3", "Kafka", "edited")]


def test_refusals_are_compared_too(tmp_path: Path, told: tuple[Path, Kafka]) -> None:
    store, kafka = copied(told, tmp_path)
    in_store(store, "delete from refusals where number = 2")
    in_tables(store, "update refusal_events set rule = 'R1' where refusal_number = 5")
    assert named(store, kafka) == [
        ("refusal", 2, "call-1", "store", "missing"),
        ("refusal", 5, "call-4", "tables", "edited"),
    ]


def test_the_command_line_answers_for_programs_and_people(
    tmp_path: Path, told: tuple[Path, Kafka]
) -> None:
    store, kafka = copied(told, tmp_path)
    there = {"CALL_LEDGER_KAFKA": kafka.bootstrap, "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix}
    words = ("reconcile", "--tables", str(tables_of(store)))
    fine = call(store, *words, variables=there)
    assert (fine.code, fine.err) == (0, "")
    assert "No difference." in fine.said
    in_tables(store, f"delete from events where position = {ONE}")
    answer = call(store, *words, "--json", variables=there)
    assert answer.code == 1
    assert answer.json["difference_count"] == 1
    (difference,) = answer.json["differences"]
    assert (difference["number"], difference["side"]) == (ONE, "tables")
    shown = call(store, *words, variables=there)
    assert shown.code == 1
    assert "1 differences" in shown.said
    assert call(store, *words).code == 1  # without a Kafka, the other two are compared
