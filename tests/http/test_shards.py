"""A server that reads what several shards have published, and records as ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.folder import LedgerFolder
from infra.kafka import Kafka
from infra.local.kafka import LocalKafka
from infra.local.servers import wait_until
from lake.place import LakePlace
from projections.identity import OtherLedger
from tests.conftest import with_fresh_topics
from tests.console.entering import entered, send
from tests.consumers.projecting import bring
from tests.consumers.recorded import EVENTS_A_CALL, record_calls
from tests.entrypoints.calling import call
from tests.http.clients import Served
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
