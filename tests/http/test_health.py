"""Whether the server is ready is true of its store and tables, and what it measures adds up."""

from __future__ import annotations

import shutil

import pytest
from prometheus_client.parser import text_string_to_metric_families

from entrypoints.http import readiness
from infra.local.servers import wait_until
from tests.http.clients import Served
from tests.ledger.lines import lines_of_calls


def sample(served: Served, name: str, **labels: str) -> float:
    """The sum of what /metrics says under a name with these labels."""
    text = served.admin.get("/metrics").text
    return sum(
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == f"call_ledger_{name}" and labels.items() <= one.labels.items()
    )


def said(served: Served) -> tuple[int, str]:
    answer = served.nobody.get("/readyz")
    return answer.status_code, answer.text.strip()


def test_it_is_ready_when_it_can_be_written_and_read(served: Served) -> None:
    assert said(served) == (200, "ok")
    served.ask(lines_of_calls(1)[0])
    served.analyst.get("/v1/calls")
    assert said(served) == (200, "ok")


def test_it_is_not_ready_while_the_disk_is_full(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE_BYTES", shutil.disk_usage("/").total * 10)
    assert said(served) == (503, "The disk is almost full.")


def test_it_is_not_ready_when_the_store_cannot_be_read(served: Served) -> None:
    served.ask(lines_of_calls(1)[0])
    store = served.folder.path / "ledger.sqlite"
    store.rename(store.with_suffix(".away"))
    assert said(served) == (503, "The store cannot be read.")
    store.with_suffix(".away").rename(store)
    assert wait_until(lambda: said(served) == (200, "ok"), 60)


def test_tables_that_are_far_behind_are_brought_up_until_it_is_ready(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "MOST_BEHIND_EVENTS", 2)
    for line in lines_of_calls(1):
        served.ask(line)
    status, sentence = said(served)
    assert (status, "are brought up" in sentence) == (503, True)
    assert wait_until(lambda: said(served) == (200, "ok"), 60)


def test_what_is_measured_adds_up(served: Served) -> None:
    lines = lines_of_calls(2)
    for line in [*lines, lines[0]]:
        served.ask(line)
    served.analyst.get("/v1/nothing")
    route = "/v1/calls/{source}/{call_id}/commands"
    assert sample(served, "http_requests_total", route=route, status="201") == 10
    assert sample(served, "http_requests_total", route=route, status="409") == 2
    assert sample(served, "http_requests_total", route="none", status="404") == 1
    assert sample(served, "http_request_seconds_count", route=route) == 13
    assert sample(served, "commands_total", outcome="recorded") == 10
    assert sample(served, "commands_total", outcome="repeated") == 1
    assert sample(served, "refusals_total") == sample(served, "commands_total", outcome="refused")
    assert sample(served, "http_connections") >= 1
    assert sample(served, "store_position") == 14
