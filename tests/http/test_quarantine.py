"""What could not be read is read again or given up over HTTP, by whoever may, and that is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.ledger import Ledger
from tests.entrypoints.calling import call
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.ledger.lines import all_documents, lines_of_calls
from tests.projections.damaged_store import damage

NO_COMMAND, RECEIVE, UNASKED = 1, 2, 3


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dead letter, what is no command, and what can be read by now: one allowed, one not."""
    folder = tmp_path_factory.mktemp("damaged")
    call(folder, "record", "receive", "--call", "1", "--actor", "system")
    damage(folder, 1, b"{}")
    call(folder, "rebuild", "--from-store", "--set-aside-unreadable")
    (receive, _, answer, *_) = lines_of_calls(1)
    with Ledger.open(folder) as ledger:
        for line in (b"no command", receive, answer.replace(b"call-0", b"call-1")):
            ledger.quarantine.add("a test", line, "It was too new.")
    with served_in(folder) as served:
        yield served


def states(served: Served) -> dict[str, str]:
    entries = served.admin.get("/v1/quarantine?all=true").json()["entries"]
    return {one["number"]: one["state"] for one in entries}


def test_an_entry_that_can_be_read_by_now_is_recorded_or_refused(damaged: Served) -> None:
    recorded = damaged.admin.post(f"/v1/quarantine/{RECEIVE}/retry")
    assert recorded.json() == {"number": "2", "outcome": "recorded", "position": 2}
    assert len(all_documents(damaged.folder)) == 2
    refused = damaged.admin.post(f"/v1/quarantine/{UNASKED}/retry").json()
    assert (refused["outcome"], refused["refusal_number"]) == ("refused", 1)
    assert refused["sentence"] in damaged.auditor.get("/v1/refusals").text
    assert (states(damaged)["2"], states(damaged)["3"]) == ("retried", "retried")


def test_an_entry_is_given_up_with_who_and_why_and_its_bytes_stay(damaged: Served) -> None:
    again = damaged.admin.post(f"/v1/quarantine/{NO_COMMAND}/retry").json()
    assert (again["outcome"], states(damaged)["1"]) == ("unreadable", "waiting")
    address = f"/v1/quarantine/{NO_COMMAND}/discard"
    assert damaged.admin.post(address, json={}).status_code == 400
    assert damaged.admin.post(address, json={"why": "a test line"}).status_code == 200
    assert states(damaged)["1"] == "discarded"
    shown = call(damaged.folder.path, "quarantine", "show", "1").said
    key_id = damaged.admin.headers["Authorization"].split("_")[1]
    assert f"discarded by key {key_id}" in shown
    assert "a test line" in shown
    assert "no command" in shown
    later = damaged.admin.post(address, json={"why": "once more"})
    assert (later.status_code, "was discarded by" in later.text) == (404, True)
    readings = damaged.auditor.get("/v1/readings").json()["readings"]
    assert f"{address} a test line" in [one["address"] for one in readings]


def test_a_dead_letter_is_read_again_and_never_given_up(damaged: Served) -> None:
    again = damaged.admin.post("/v1/quarantine/store-1/retry").json()
    assert (again["outcome"], states(damaged)["store-1"]) == ("unreadable", "waiting")
    kept = damaged.admin.post("/v1/quarantine/store-1/discard", json={"why": "a test"})
    assert (kept.status_code, "cannot be discarded" in kept.text) == (400, True)
    assert damaged.admin.post("/v1/quarantine/store-2/retry").status_code == 404
