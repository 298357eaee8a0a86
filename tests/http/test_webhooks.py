"""Webhooks of Webex: signed, of now, once each, in any order; together they are one call."""

from __future__ import annotations

import hmac
import random
import shutil
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from entrypoints.http.deliveries import Deliveries
from entrypoints.http.service import WebhookSecret
from infra.folder import LedgerFolder
from infra.local.servers import wait_until
from ledger.quarantine import reading_quarantine
from tests.entrypoints.calling import call
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.ledger.lines import all_documents
from tests.several_ledgers import ledgers_in, place_of

SETTLING_SECONDS = 0.05
SECRET = "a secret of the subscription"
WHERE = "/v1/webhooks/webex"
TASK = "94d8835d-0000-11ec-8573-7becd36cb425"
NOW = int(time.time() * 1000)
# As the sequence of Webex's own mock has it: its clocks contradict the order of the stages.
SEQUENCE = (
    ("task:new", -1_000),
    ("task:parked", -229_000),
    ("task:connect", -700),
    ("task:connected", 2_000),
    ("agent:state_change", 2_100),
    ("task:ended", -5_230_000),
)


def delivery(number: int, kind: str, after_milliseconds: int, **other: Any) -> bytes:
    said = {"taskId": TASK, "createdTime": NOW - 60_000 + after_milliseconds}
    if kind in ("task:parked", "task:connect"):
        said["queueId"] = "sales"
    return orjson.dumps(
        {"id": f"delivery-{number}", "type": kind, "source": "wxcc", "data": {**said, **other}}
    )


DELIVERIES = [delivery(number, *one) for number, one in enumerate(SEQUENCE)]


@pytest.fixture
def all_sent(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Before this is set no call has settled, however slowly its deliveries come."""
    settled, all_sent = Deliveries.settled, threading.Event()
    monkeypatch.setattr(
        Deliveries,
        "settled",
        lambda kept, before: settled(kept, before) if all_sent.is_set() else [],
    )
    return all_sent


@pytest.fixture
def served_webex(tmp_path: Path, all_sent: threading.Event) -> Iterator[Served]:
    secret = WebhookSecret("X-Signature", SECRET, settling_seconds=SETTLING_SECONDS)
    with served_in(tmp_path / "ledger", webhooks=secret) as served:
        yield served


def signed(body: bytes) -> str:
    return hmac.digest(SECRET.encode(), body, "sha256").hex()


def sent(served: Served, body: bytes, signature: str | None = None) -> int:
    headers = {"X-Signature": signed(body) if signature is None else signature}
    status: int = served.nobody.post(WHERE, content=body, headers=headers).status_code
    return status


def types_in(served: Served, all_sent: threading.Event) -> list[str]:
    """What is recorded once a call has settled."""
    all_sent.set()
    assert wait_until(lambda: "call.ended.v1" in types_of(served.folder), 60)
    return types_of(served.folder)


def types_of(folder: LedgerFolder) -> list[str]:
    if not folder.sqlite_file.exists():
        return []
    return [orjson.loads(one)["type"] for one in all_documents(folder)]


def test_the_deliveries_of_a_call_are_one_complete_call(
    served_webex: Served, all_sent: threading.Event
) -> None:
    assert [sent(served_webex, one) for one in DELIVERIES] == [204] * len(DELIVERIES)
    assert types_in(served_webex, all_sent) == [
        "call.received.v1",
        "call.offered.v1",
        "call.answered.v1",
        "call.activity-noted.v1",
        "call.exited.v1",
        "call.exited.v1",
        "call.ended.v1",
    ]
    state = served_webex.auditor.get(f"/v1/calls/webex/{TASK}").json()["call"]
    assert (state["queue"], state["is_open"]) == ("sales", False)


@pytest.mark.parametrize("seed", range(5))
def test_in_whatever_order_they_come_and_however_often_the_call_is_the_same(
    seed: int, served_webex: Served, all_sent: threading.Event
) -> None:
    shuffled = [*DELIVERIES, *DELIVERIES[:3]]
    random.Random(seed).shuffle(shuffled)
    assert {sent(served_webex, one) for one in shuffled} == {204}
    told = types_in(served_webex, all_sent)
    of_call = [one for one in told if one != "call.activity-noted.v1"]
    assert of_call == [
        "call.received.v1",
        "call.offered.v1",
        "call.answered.v1",
        "call.exited.v1",
        "call.exited.v1",
        "call.ended.v1",
    ]
    assert len(told) == 7


def test_the_record_of_the_call_adds_what_was_not_delivered_and_nothing_twice(
    served_webex: Served, all_sent: threading.Event, tmp_path: Path
) -> None:
    in_order = [("task:new", 0), ("task:parked", 10), ("task:connect", 500)]
    in_order += [("task:connected", 2_000), ("task:ended", 9_000)]
    for number, (kind, after) in enumerate(in_order):
        assert sent(served_webex, delivery(number, kind, after)) == 204
    before = types_in(served_webex, all_sent)
    durations = {"new": 10, "parked": 490, "connect": 1_500, "connected": 7_000, "ended": 0}
    nodes = [node(kind.removeprefix("task:"), after, durations) for kind, after in in_order]
    nodes.append(node("WrapUp", 9_000, {"WrapUp": 30_000}))
    imported = [*before, *recorded_by_import(served_webex.folder.path, tmp_path, nodes)]
    assert imported[len(before) :] == ["call.activity-noted.v1", "call.wrap-up-applied.v1"]


def node(name: str, after: int, durations: dict[str, int]) -> dict[str, Any]:
    created = NOW - 60_000 + after
    return {
        "id": f"{TASK}-{created}-{'wrapup-done' if name == 'WrapUp' else name}",
        "eventName": name,
        "createdTime": created,
        "duration": durations[name],
        **({"queueId": "sales"} if name in ("parked", "connect") else {}),
    }


def recorded_by_import(folder: Path, place: Path, nodes: Sequence[dict[str, Any]]) -> list[str]:
    """What an import of the record adds to a copy of the folder."""
    copy = place / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("webhooks*", "*.lock"))
    told = len(types_of(LedgerFolder(copy)))
    tasks = [{"id": TASK, "activities": {"totalCount": len(nodes), "nodes": nodes}}]
    (place / "tasks.json").write_bytes(orjson.dumps({"data": {"taskDetails": {"tasks": tasks}}}))
    answer = call(copy, "import", "webex", str(place / "tasks.json"))
    assert answer.code == 0, answer.said
    assert "refused" not in answer.said.replace("0 refused", "")
    return types_of(LedgerFolder(copy))[told:]


@pytest.mark.parametrize(
    "signature",
    ["", "00" * 32, "sha256=", signed(DELIVERIES[0] + b" "), "é" * 64],
    ids=range(5),
)
def test_what_is_not_signed_is_not_taken(signature: str, served_webex: Served) -> None:
    headers = {b"X-Signature": signature.encode()}
    answer = served_webex.nobody.post(WHERE, content=DELIVERIES[0], headers=headers)
    assert answer.status_code == 401
    assert Deliveries(served_webex.folder).of(TASK) == []


def test_a_signature_is_read_in_either_way_of_writing(served_webex: Served) -> None:
    digest = hmac.digest(SECRET.encode(), DELIVERIES[0], "sha256")
    for one in (digest.hex().upper(), f"sha256={digest.hex()}", b64encode(digest).decode()):
        assert sent(served_webex, DELIVERIES[0], one) == 204


def test_a_delivery_of_another_day_is_not_taken(served_webex: Served) -> None:
    day = 86_400_000
    for after in (-2 * day, day):
        assert sent(served_webex, delivery(1, "task:new", after)) == 400


def test_what_cannot_be_read_is_in_quarantine_once(served_webex: Served) -> None:
    for body in (b"{", b"{", b'{"id": "1", "type": "task:new", "data": {}}'):
        assert sent(served_webex, body) == 204
    listed = call(served_webex.folder.path, "quarantine", "list", "--json")
    assert len(listed.json) == 2


def test_a_delivery_that_comes_late_adds_its_own_and_changes_nothing(
    served_webex: Served, all_sent: threading.Event
) -> None:
    for one in DELIVERIES[:4] + DELIVERIES[5:]:
        sent(served_webex, one)
    before = types_in(served_webex, all_sent)
    assert sent(served_webex, DELIVERIES[4]) == 204
    assert wait_until(lambda: len(types_of(served_webex.folder)) > len(before), 60)
    assert types_of(served_webex.folder) == [*before, "call.activity-noted.v1"]


def test_what_was_answered_is_recorded_also_by_the_process_after(
    tmp_path: Path, all_sent: threading.Event
) -> None:
    folder = tmp_path / "ledger"
    with served_in(folder, webhooks=WebhookSecret("X-Signature", SECRET, 600)) as served:
        assert {sent(served, one) for one in DELIVERIES} == {204}
    with served_in(folder, webhooks=WebhookSecret("X-Signature", SECRET, 0.1)) as served:
        assert len(types_in(served, all_sent)) == 7


def test_deliveries_of_another_ledgers_calls_are_kept_apart_and_say_whose(tmp_path: Path) -> None:
    place = place_of(ledgers_in(tmp_path), "italy")
    secret = WebhookSecret("X-Signature", SECRET, settling_seconds=SETTLING_SECONDS)
    with served_in(place, webhooks=secret) as served, reading_quarantine(place) as quarantine:
        assert {sent(served, one) for one in DELIVERIES} == {204}
        assert wait_until(lambda: quarantine.waiting() == len(DELIVERIES), 60)
        kept = quarantine.list()
    assert {one.reason for one in kept} == {
        "The call belongs to ledger rest, and this is italy: ask rest."
    }
    assert sorted(one.original for one in kept) == sorted(DELIVERIES)


def test_without_a_secret_nothing_is_taken(served: Served) -> None:
    assert sent(served, DELIVERIES[0]) == 404
