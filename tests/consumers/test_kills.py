"""Killed at every step of its pages, each process goes on: nothing is lost, nothing twice."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from consumers.kafka.message_format import Keys, Place, place_in
from consumers.kafka.transactions import TransactionalWriter
from consumers.publisher import page_of, send_page
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.local.postgresql import LocalPostgresql
from infra.topics import (
    COMMANDS_POSITIONS,
    EVENTS,
    EVENTS_POSITIONS,
    OUTCOMES,
    REFUSALS,
    create,
)
from ledger.answers import answer_to
from ledger.feed import StoreFeed
from ledger.intake import read_request
from ledger.ledger import Ledger
from ledger.quarantine import reading_quarantine
from ledger.store.interface import Ends
from tests.consumers.commanding import ask, serve_all
from tests.consumers.kills import Starter, Victim, counted, kill_all, starter
from tests.consumers.projecting import ask as ask_tables
from tests.consumers.projecting import bring, read, rows_from_store, rows_in
from tests.consumers.recorded import EVENTS_A_CALL, documents_in_store, messages_in, record_calls
from tests.ledger.lines import lines_of_calls
from tests.ledger.stores import PostgresqlStore

CALLS = 800
CALLS_TO_PROJECT = 800
COMMANDS_A_CALL = 6
NONSENSE_EVERY = 30
FEWEST_KILLS = 100
FEWEST_PLACES = 50
SQLITE = "sqlite"
AT_A_TIME = 3

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def starters() -> Iterator[list[Starter]]:
    with ExitStack() as stack:
        yield [stack.enter_context(starter()) for _ in range(AT_A_TIME)]


@pytest.fixture
def stores(postgresql: LocalPostgresql) -> list[str]:
    return [SQLITE, SQLITE, PostgresqlStore.new(postgresql.url).url]


def victims(
    process: str, folder: Path, kafka: Kafka, starters: list[Starter], stores: list[str]
) -> list[Victim]:
    """So many ledgers, each with topics of its own."""
    made = []
    for number, (store, one) in enumerate(zip(stores, starters, strict=True)):
        own = replace(kafka, prefix=f"{kafka.prefix}{number}.")
        create(own)
        made.append(Victim(process, folder / str(number), own, one, store))
        made[-1].folder.mkdir()
    return made


def assert_enough(killed: list[Victim]) -> None:
    on_sqlite = [victim for victim in killed if victim.store == SQLITE]
    assert sum(victim.kills for victim in on_sqlite) >= FEWEST_KILLS
    assert sum(len(victim.places) for victim in on_sqlite) >= FEWEST_PLACES


def refusals_in_store(folder: LedgerFolder) -> list[bytes]:
    with StoreFeed(folder) as feed:
        return [document for batch in feed.refusals(0) for document in batch.documents]


def documents_in_kafka(kafka: Kafka, topic: str) -> list[bytes]:
    """In the order that their headers say; each number is there once."""
    by_number: dict[int, bytes] = {}
    for message in messages_in(kafka, topic):
        place = place_in(message.headers)
        assert isinstance(place, Place)
        assert place.position not in by_number
        by_number[place.position] = message.value
    assert sorted(by_number) == list(range(1, len(by_number) + 1))
    return [by_number[number] for number in sorted(by_number)]


def test_a_publisher_killed_at_every_step_brings_every_event_once(
    tmp_path: Path,
    kafka: Kafka,
    starters: list[Starter],
    stores: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    killed = victims("publisher", tmp_path, kafka, starters, stores)
    for victim in killed:
        record_calls(victim.ledger, CALLS)
    kill_all(killed, rounds=4)
    assert_enough(killed)
    left_open = 0
    for victim in killed:
        with TransactionalWriter(victim.kafka, EVENTS_POSITIONS) as pages:
            before = pages.checkpoint["position"]
        assert len(messages_in(victim.kafka, EVENTS)) == before
        assert 0 < before < CALLS * EVENTS_A_CALL, "there is nothing left to do"
        bring(victim.ledger, victim.kafka)
        documents = documents_in_store(victim.ledger)
        assert documents_in_kafka(victim.kafka, EVENTS) == documents
        assert documents_in_kafka(victim.kafka, REFUSALS) == refusals_in_store(victim.ledger)
        sent = messages_in(victim.kafka, EVENTS, committed=False)
        left_open += len(sent) - len(documents)
    assert left_open > 0
    with capsys.disabled():
        sys.stdout.write(
            f"{counted(killed)}  {left_open} events of pages that were not committed\n"
        )


def lines_with_nonsense() -> list[bytes]:
    """Commands, and now and then something that is none."""
    lines = lines_of_calls(CALLS)
    for number, at in enumerate(range(NONSENSE_EVERY, len(lines), NONSENSE_EVERY)):
        lines.insert(at, b'{"type":"call.none.v1","call_id":"call-%d"}' % number)
    return lines


def test_a_command_consumer_killed_at_every_step_applies_and_answers_each_command_once(
    tmp_path: Path,
    kafka: Kafka,
    starters: list[Starter],
    stores: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    killed = victims("command consumer", tmp_path, kafka, starters, stores)
    lines = lines_with_nonsense()
    for victim in killed:
        ask(victim.kafka, lines)
    kill_all(killed, rounds=3)
    assert_enough(killed)
    given_again = 0
    for victim in killed:
        with TransactionalWriter(victim.kafka, COMMANDS_POSITIONS) as pages:
            before = sum(at for part, at in pages.checkpoint.items() if part.isdigit())
        assert len(messages_in(victim.kafka, OUTCOMES)) == before
        assert 0 < before < len(lines), "there is nothing left to do"
        assert serve_all(victim.ledger, victim.kafka) == len(lines) - before
        given_again += assert_answered_once(victim, lines)
    assert given_again > 0
    with capsys.disabled():
        sys.stdout.write(f"{counted(killed)}  {given_again} answers were given again, the same\n")


def assert_answered_once(victim: Victim, lines: list[bytes]) -> int:
    """Each command is applied once; returns how many answers were made more than once."""
    nonsense = [line for line in lines if b"call.none" in line]
    requests = [read_request(line) for line in lines if b"call.none" not in line]
    with Ledger.open(victim.ledger) as ledger:
        outcomes = ledger.record_many(requests)
    assert all(outcome.repeated for outcome in outcomes)
    with StoreFeed(victim.ledger) as feed:
        assert feed.head() == (CALLS * EVENTS_A_CALL, CALLS)
    with reading_quarantine(victim.ledger) as quarantine:
        assert sorted(kept.original for kept in quarantine.list()) == sorted(nonsense)

    committed = Counter(message.value for message in messages_in(victim.kafka, OUTCOMES))
    for request, outcome in zip(requests, outcomes, strict=True):
        assert committed.pop(answer_to(request.command, outcome)) == 1
    assert set(committed.values()) == {1}
    assert {orjson.loads(answer)["outcome"] for answer in committed} == {"unreadable"}
    assert len(committed) == len(nonsense)

    made: dict[object, list[bytes]] = defaultdict(list)
    for message in messages_in(victim.kafka, OUTCOMES, committed=False):
        read_answer = orjson.loads(message.value)
        about = read_answer.get("command_id") or (read_answer["partition"], read_answer["offset"])
        made[about].append(message.value)
    assert {len(set(answers)) for answers in made.values()} == {1}
    return sum(len(answers) - 1 for answers in made.values())


def bring_with_strangers(store: Path, kafka: Kafka) -> int:
    """Publish a little at a time, with messages of somebody else between; returns how many."""
    calls_at_once = 10
    strangers = 0
    producer = kafka.producer()
    with StoreFeed(store) as feed, TransactionalWriter(kafka, EVENTS_POSITIONS) as pages:
        done, keys = Ends(0, 0), Keys()
        refusals = feed.refusals(0, calls_at_once)
        for events in feed.blocks(0, calls_at_once * EVENTS_A_CALL):
            done = send_page(pages, done, page_of(events, next(refusals, None), keys))
            producer.send(kafka.topic(EVENTS), b"hello", b"nobody-%d" % strangers).get(30)
            strangers += 1
    producer.close()
    return strangers


def test_a_projector_killed_at_every_step_ends_with_the_tables_of_a_rebuild(
    tmp_path: Path, kafka: Kafka, starters: list[Starter], capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    record_calls(store, CALLS_TO_PROJECT)
    expected = rows_from_store(store, tmp_path / "embedded")
    killed = victims("projector", tmp_path, kafka, starters, [SQLITE] * AT_A_TIME)
    strangers = [bring_with_strangers(store, victim.kafka) for victim in killed]
    kill_all(killed, rounds=3)
    assert_enough(killed)
    for victim, hellos in zip(killed, strangers, strict=True):
        before = ask_tables(victim.folder, "select position from feed_positions")[0][0]
        assert 0 < before < CALLS_TO_PROJECT * EVENTS_A_CALL, "there is nothing left to do"
        read(victim.folder, victim.kafka)
        assert rows_in(victim.folder) == expected
        kept = ask_tables(victim.folder, "select call_id from dead_letters")
        assert len(kept) == len(set(kept)) == hellos
        assert list(victim.folder.glob("*set-aside*")) == []
    with capsys.disabled():
        sys.stdout.write(f"{counted(killed)}  tables equal to a rebuild\n")
