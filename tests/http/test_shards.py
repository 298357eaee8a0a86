"""A server that reads what several shards have published, and records as ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.http.access_log import FILE_NAME
from infra.errors import LedgerMissing
from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.local.kafka import LocalKafka
from infra.local.servers import wait_until
from lake.place import LakePlace
from projections.errors import OtherLedger
from tests.conftest import with_fresh_topics
from tests.console.entering import entered, send
from tests.consumers.projecting import bring
from tests.consumers.recorded import EVENTS_A_CALL, record_calls
from tests.entrypoints.calling import call
from tests.http.clients import NOTHING_MORE, Served
from tests.http.conftest import served_in
from tests.lake.sharding import bring_up, shards
from tests.ledger.lines import lines_of_calls

CALLS = 20
EVERYTHING = CALLS * EVENTS_A_CALL
BOTH = {"1/2": EVERYTHING, "2/2": EVERYTHING}


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, kafka_server: LocalKafka
) -> tuple[LedgerFolder, LakePlace, Kafka]:
    """A store, and the place where two shards have published all of it."""
    folder, kafka = tmp_path_factory.mktemp("published"), with_fresh_topics(kafka_server)
    record_calls(folder / "store", CALLS)
    place = LakePlace.of(str(folder / "lake"))
    bring(folder / "store", kafka)
    for shard in shards(2):
        bring_up(folder / "shards", kafka, place, shard)
    return LedgerFolder(folder / "store"), place, kafka


@pytest.fixture(scope="module")
def served(published: tuple[LedgerFolder, LakePlace, Kafka]) -> Iterator[Served]:
    store, place, _ = published
    with served_in(store, lake=place) as served:
        yield served


def test_what_is_asked_is_answered_as_from_a_folder_and_says_how_far_each_shard_is(
    served: Served,
) -> None:
    for path, words in (
        ("/v1/reports/exits?by=reason", ("report", "exits", "--by", "reason")),
        ("/v1/reports/agents?known_at=9", ("report", "agents", "--known-at", "9")),
    ):
        answer = served.analyst.get(path)
        document = answer.json()
        assert document.pop("shards") == BOTH
        assert document.pop("table_version") > 0
        assert document == call(served.folder.path, *words, "--json").json
    assert served.analyst.get("/v1/reports/exits").headers["ledger-position"] == str(EVERYTHING)
    listed = served.auditor.get("/v1/calls", params={"limit": 3}).json()
    assert (listed["position"], listed["shards"], len(listed["calls"])) == (EVERYTHING, BOTH, 3)
    newest = listed["calls"][0]["call_id"]
    state = served.auditor.get(f"/v1/calls/test/{newest}").json()
    assert (state["call"]["call_id"], state["shards"]) == (newest, BOTH)
    events = served.auditor.get(f"/v1/calls/test/{newest}/events").json()
    assert (len(events["events"]), events["shards"]) == (EVENTS_A_CALL, BOTH)


def test_sql_and_exports_are_computed_by_a_process_of_their_own_from_the_same_files(
    served: Served,
) -> None:
    counted = served.auditor.post("/v1/sql", json={"query": "select count(*) as n from events"})
    document = counted.json()
    assert (document["rows"], document["position"]) == ([{"n": EVERYTHING}], EVERYTHING)
    assert document["shards"] == BOTH
    earlier = served.auditor.post(
        "/v1/sql", params={"known_at": 9}, json={"query": "select count(*) as n from events"}
    )
    assert earlier.json()["rows"] == [{"n": 9}]
    exported = served.analyst.get("/v1/exports", params={"table": "calls"})
    assert exported.headers["ledger-rows"] == str(CALLS)
    refused = served.auditor.post("/v1/sql", json={"query": "from read_text('/etc/passwd')"})
    assert refused.status_code == 400


def test_a_page_says_how_far_each_shard_is_and_offers_nothing_that_changes_tables(
    served: Served,
) -> None:
    auditor, admin = entered(served, "auditor"), entered(served, "admin")
    report = auditor.get("/console/reports/exits").text
    assert "shard 1/2 at 140" in report
    assert "shard 2/2 at 140" in report
    assert 'action="/console/reports/exits/save' not in report
    saved = send(auditor, "/console/reports/exits/save", {"name": "one"})
    assert saved.status_code == 409
    for path in ("/console/find", "/console/live", "/console/calls/test/call-1"):
        assert auditor.get(path).status_code == 200, path
    operations = admin.get("/console/operations").text
    assert "Shard 2/2" in operations
    assert "/console/operations/rebuild" not in operations
    assert admin.get("/console/operations/rebuild").status_code == 409
    assert served.nobody.get("/readyz").text == "ok\n"


@pytest.fixture(scope="module")
def readers(
    published: tuple[LedgerFolder, LakePlace, Kafka], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server without an event store, of which nothing is there but the tables."""
    folder = tmp_path_factory.mktemp("readers") / "ledger"
    with served_in(folder, lake=published[1], read_only=True) as served:
        yield served


def test_published_tables_are_read_where_there_is_no_event_store(
    served: Served, readers: Served
) -> None:
    for path in ("/v1/reports/exits?by=reason", "/v1/reports/agents?known_at=9", "/v1/calls"):
        assert readers.auditor.get(path).json() == served.auditor.get(path).json(), path
    auditor = entered(readers, "auditor")
    for path in ("find", "live", "calls/test/call-1", "reports/exits", "rules", "operations"):
        assert auditor.get(f"/console/{path}").status_code == 200, path
    assert "/console/operations/quarantine" in auditor.get("/console/operations").text
    assert auditor.get("/console/operations/quarantine").status_code == 200
    assert "data-follows" not in auditor.get("/console/live").text
    assert "Raw document" not in auditor.get("/console/calls/test/call-1").text
    assert readers.auditor.get("/v1/quarantine").json()["entries"] == []
    assert readers.nobody.get("/readyz").text == "ok\n"
    assert not readers.folder.has_store


def test_who_reads_there_is_written_down_and_where_that_cannot_be_nothing_is_read(
    readers: Served,
) -> None:
    readers.analyst.get("/v1/reports/holds")
    readings = readers.auditor.get("/v1/readings", params={"limit": 500}).json()["readings"]
    assert "/v1/reports/holds" in [one["address"] for one in readings]
    with sqlite3.connect(readers.folder.path / FILE_NAME) as log:
        log.execute(NOTHING_MORE)
        try:
            assert readers.analyst.get("/v1/reports/holds").status_code == 503
        finally:
            log.execute("drop trigger nothing_more")


def test_nothing_is_recorded_by_a_server_that_only_reads(readers: Served) -> None:
    line = lines_of_calls(1)[0]
    lines = {"Content-Type": "application/x-ndjson"}
    for answer in (
        readers.ask(line),
        readers.writer.post("/v1/commands:batch", content=line, headers=lines),
        readers.admin.post("/v1/quarantine/1/retry"),
        readers.admin.post("/v1/quarantine/kafka-1/retry"),
        readers.admin.post("/v1/quarantine/1/discard", json={"why": "a test"}),
        readers.nobody.post("/v1/webhooks/webex", content=b"{}"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:call-ledger:read-only")
        assert "This server only reads" in answer.json()["detail"]
    assert readers.nobody.post("/v1/calls/test/1/commands").status_code == 401
    for path in ("/v1/calls/test/call-1/events", "/v1/events/stream"):
        missing = readers.auditor.get(path)
        assert (missing.status_code, "published tables" in missing.json()["detail"]) == (404, True)
    admin = entered(readers, "admin")
    for path in ("quarantine/1/retry", "quarantine/dead-letters/1/retry", "rebuild"):
        assert send(admin, f"/console/operations/{path}", {}).status_code == 403, path
    assert not readers.folder.has_store


def test_with_a_store_it_has_events_and_streams_and_records_nothing_either(
    published: tuple[LedgerFolder, LakePlace, Kafka], served: Served
) -> None:
    store, place, _ = published
    assert served.folder == store
    with served_in(store, lake=place, read_only=True) as beside:
        events = beside.auditor.get("/v1/calls/test/call-1/events").json()["events"]
        assert len(events) == EVENTS_A_CALL
        told = beside.auditor.get("/v1/events/stream?after=139&until_end=true").text
        assert "id: 140" in told
        assert beside.ask(lines_of_calls(1)[0]).status_code == 403
        assert entered(beside, "auditor").get("/console/calls/test/call-1/documents/1").is_success


def test_without_tables_and_store_a_server_that_only_reads_does_not_begin(tmp_path: Path) -> None:
    with (
        pytest.raises(LedgerMissing, match="There is no ledger"),
        served_in(tmp_path / "nothing", read_only=True),
    ):
        pass


def test_the_tables_of_another_ledger_are_refused(
    published: tuple[LedgerFolder, LakePlace, Kafka], tmp_path: Path
) -> None:
    record_calls(tmp_path, 1)
    with (
        pytest.raises(OtherLedger, match="are of another ledger than"),
        served_in(tmp_path, lake=published[1]),
    ):
        pass


def test_what_is_recorded_is_shown_once_the_shards_have_published_it(
    served: Served, published: tuple[LedgerFolder, LakePlace, Kafka]
) -> None:
    line = lines_of_calls(CALLS + 1)[-6]
    assert served.ask(line).status_code == 201
    store, place, kafka = published
    after = {"wait_for": str(EVERYTHING + 1)}
    assert served.analyst.get("/v1/reports/open", params=after).status_code == 503
    bring(store, kafka)
    for shard in shards(2):
        bring_up(place_of_shards(store), kafka, place, shard)
    assert wait_until(
        lambda: served.analyst.get("/v1/reports/open", params=after).status_code == 200, 60
    )


def place_of_shards(store: LedgerFolder) -> Path:
    return store.path.parent / "shards"
