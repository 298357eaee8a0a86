"""Four ledgers in two databases of PostgreSQL, one Kafka, and a report over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import psycopg
import pytest

from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.local.kafka import LocalKafka
from infra.local.postgresql import LocalPostgresql
from infra.settings import settings_of_member, settings_with
from infra.topics import EVENTS, create
from ledger.feed import StoreFeed
from projections.reports import REPORTS
from projections.reports.query import figures_query
from projections.reports.report import LEDGER, Selection
from projections.reports.united import over_ledgers
from projections.serving.client import Reader
from projections.serving.united import UnitedReader
from tests.consumers.projecting import bring, read
from tests.consumers.recorded import messages_in
from tests.entrypoints.calling import call
from tests.reports.several import NAMES, divided, in_one

SELECTION = Selection("Europe/Rome")


@pytest.fixture
def databases(postgresql: LocalPostgresql) -> Iterator[list[str]]:
    """The URLs of two databases."""
    names = [f"ledgers_{uuid4().hex}" for _ in range(2)]
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}".encode())
        yield [with_database(postgresql.url, name) for name in names]
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def with_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def schema_in(database: str, name: str) -> str:
    """The store of a ledger that shares its database with another one."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{database}?options=-csearch_path%3D{name}"


@pytest.mark.slow
def test_a_report_over_four_ledgers_is_that_of_all_their_calls_together(
    tmp_path: Path, databases: list[str], kafka_server: LocalKafka
) -> None:
    stores = {name: schema_in(databases[at % 2], name) for at, name in enumerate(NAMES)}
    places = divided(tmp_path, {name: f'store = "{url}"' for name, url in stores.items()})
    prefix = f"test-{uuid4().hex[:8]}."
    settings = settings_with(kafka=kafka_server.bootstrap, kafka_prefix=prefix)
    followers = {}
    for name, place in places.items():
        assert place.member is not None
        kafka = Kafka.of(settings_of_member(settings, place.member))
        assert kafka.topic(EVENTS) == f"{prefix}{name}.call-events"
        create(kafka)
        bring(place, kafka)
        follower = tmp_path / "followers" / name
        positions = read(follower, kafka)
        with StoreFeed(place) as feed:
            assert positions.projected_position == feed.head().position
        followers[name] = LedgerFolder(follower, member=place.member)
        documents = [orjson.loads(one.value) for one in messages_in(kafka, EVENTS)]
        assert {one["ledger"] for one in documents} == {name}
    listed = call(
        tmp_path,
        "ledgers",
        "--json",
        variables={
            "CALL_LEDGER_LEDGERS": str(tmp_path / "ledgers.toml"),
            "CALL_LEDGER_NAME": "east",
            "CALL_LEDGER_KAFKA": kafka_server.bootstrap,
            "CALL_LEDGER_KAFKA_PREFIX": prefix,
        },
    )
    for row in listed.json["ledgers"]:
        assert row["published_position"] == row["position"] > 0
        assert (row["publish_lag_events"], row["problem"]) == (0, None)
    one = in_one(tmp_path / "one")
    with UnitedReader(followers) as all_of_them, Reader(one) as alone:
        for report in (REPORTS["agents"], REPORTS["refusals"]):
            by = report.default_grouping
            answer = all_of_them.ask(
                report.facts, *figures_query(over_ledgers(report), SELECTION, by)
            )
            expected = alone.ask(*figures_query(report, SELECTION, by)).table
            assert answer.table.to_pylist() == expected.to_pylist(), report.name
            assert [*answer.positions] == [*NAMES]
        by_ledger = figures_query(over_ledgers(REPORTS["open"]), SELECTION, (LEDGER,))
        *each, total = all_of_them.ask(REPORTS["open"].facts, *by_ledger).table.to_pylist()
        assert sum(row["entered"] for row in each) == total["entered"]
        assert sum(answer.positions.values()) == alone.ask("select 1").position
