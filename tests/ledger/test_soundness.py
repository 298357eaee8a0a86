"""What a store says of its own state: each table and index it needs is looked for."""

from __future__ import annotations

import pytest

from infra.folder import LedgerFolder
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.store.interface import Soundness
from tests.entrypoints.calling import call
from tests.ledger.scenes import connected, requests
from tests.ledger.stores import TABLES, Store

INDEXES = ("quarantine_waiting", "quarantine_origin")
OF_POSTGRESQL = (
    ("SEQUENCE given_positions", "given_positions"),
    ("SEQUENCE given_refusals", "given_refusals"),
    *((f"{table} CONSTRAINT {table}_pkey", f"{table}_pkey") for table in TABLES),
    ("events CONSTRAINT events_call_version_key", "events_call_version_key"),
)


def soundness_of(folder: LedgerFolder) -> Soundness:
    with StoreFeed(folder) as feed:
        return feed.soundness()


def begun(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))


def test_a_store_that_has_everything_is_sound(folder: LedgerFolder) -> None:
    begun(folder)
    assert soundness_of(folder).is_sound


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_gone_is_named_with_the_way_on(
    folder: LedgerFolder, store: Store, table: str
) -> None:
    begun(folder)
    store.execute(folder, f"DROP TABLE {table}")
    found = soundness_of(folder)
    assert not found.is_sound
    assert f"{table} is missing" in found.says
    assert found.says.endswith("restore the event store from its last backup")
    answer = call(folder.path, "doctor", "--json", variables={"CALL_LEDGER_STORE": store.url})
    assert answer.code == 1
    assert found.says in {one["says"] for one in answer.json}


@pytest.mark.parametrize("index", INDEXES)
def test_an_index_that_is_gone_is_named_with_the_statement_that_makes_it(
    folder: LedgerFolder, store: Store, index: str
) -> None:
    begun(folder)
    store.execute(folder, f"DROP INDEX {index}")
    found = soundness_of(folder)
    assert not found.is_sound
    statement = found.says.partition("`")[2].removesuffix("`")
    store.execute(folder, statement)
    assert soundness_of(folder).is_sound


@pytest.mark.parametrize(("what", "name"), OF_POSTGRESQL)
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_what_keeps_a_number_from_being_given_twice_is_looked_for(
    folder: LedgerFolder, store: Store, what: str, name: str
) -> None:
    begun(folder)
    table, is_constraint, constraint = what.partition(" CONSTRAINT ")
    store.execute(
        folder,
        f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if is_constraint else f"DROP {what}",
    )
    found = soundness_of(folder)
    assert not found.is_sound
    assert f"{name} is missing" in found.says


def test_events_and_refusals_that_were_lost_from_the_end_are_found(
    folder: LedgerFolder, store: Store
) -> None:
    begun(folder)
    store.execute(folder, "DELETE FROM events WHERE position = 3")
    found = soundness_of(folder)
    assert not found.is_sound
    assert "has lost events after position 2, 3 were recorded" in found.says


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_store_of_format_1_lacks_nothing_of_its_own(folder: LedgerFolder, store: Store) -> None:
    begun(folder)
    for index in INDEXES:
        store.execute(folder, f"DROP INDEX {index}")
    store.execute(folder, "PRAGMA user_version = 1")
    assert soundness_of(folder).is_sound
