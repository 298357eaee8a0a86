"""Which calls each flag of `call list` leaves: the same as over HTTP and in the console."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from entrypoints.cli.call_list import list_calls
from entrypoints.console.search import search_of
from entrypoints.http.call_filters import CallFilters
from projections.reports.call_filters import CONDITIONS, NAMES, YES_OR_NO
from tests.entrypoints.calling import call

SIMULATED = ("simulate", "--calls", "150", "--seed", "3")
OTHER_NAMES = {"open": "is_open"}
"""Filters whose own name is one of Python's."""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated day, and a call of another source that goes on."""
    folder = tmp_path_factory.mktemp("day")
    assert call(folder, *SIMULATED).code == 0
    received = ("--actor", "system", "--queue", "sales", "--customer", "+39 06 1")
    assert call(folder, "record", "receive", "--call", "on", *received).code == 0
    return folder


def ids_of(folder: Path, *flags: str) -> set[str]:
    answer = call(folder, "call", "list", "--json", "--limit", "100000", *flags)
    assert answer.code == 0, answer.err
    return {one["call_id"] for one in answer.json["calls"]}


def ids_where(folder: Path, condition: str) -> set[str]:
    answer = call(folder, "sql", f"select call_id from calls where {condition}", "--json")
    return {row["call_id"] for row in answer.json["rows"]}


@pytest.mark.parametrize(
    ("flags", "condition"),
    [
        ("--agent agent-3", "call_id in (select call_id from participants where party='agent-3')"),
        ("--queue support", "call_id in (select call_id from queue_entries where queue='support')"),
        ("--source simulation", "source = 'simulation'"),
        ("--phase ended", "phase = 'ended'"),
        ("--open yes", "is_open"),
        ("--open no", "not is_open"),
        ("--incomplete no", "not is_incomplete"),
        ("--transferred yes", "transfer_count > 0"),
        ("--transferred no", "transfer_count = 0"),
        ("--conference yes", "conference_count > 0"),
        ("--conference no", "conference_count = 0"),
        ("--refused yes", "call_id in (select call_id from refusals)"),
        ("--refused no", "call_id not in (select call_id from refusals)"),
        (
            "--reason order-taken",
            "call_id in (select call_id from wrap_ups"
            " where reason='order-taken' and status='applied')",
        ),
        ("--rule R7", "call_id in (select call_id from refusals where rule = 'R7')"),
        (
            "--refused yes --transferred no --open no",
            "transfer_count = 0 and not is_open and call_id in (select call_id from refusals)",
        ),
    ],
)
def test_a_flag_leaves_the_calls_that_are_so(flags: str, condition: str, day: Path) -> None:
    found = ids_of(day, *flags.split())
    assert found == ids_where(day, condition)
    assert found, "a filter that finds nothing is not tried"


def test_a_customers_calls_are_found(day: Path) -> None:
    assert ids_of(day, "--customer", "+39 06 1") == {"on"}
    assert ids_of(day, "--incomplete", "yes") == set()


def test_a_call_is_found_by_the_same_on_the_command_line_over_http_and_in_the_console() -> None:
    flags = inspect.signature(list_calls).parameters
    over_http = inspect.signature(CallFilters).parameters
    for name in CONDITIONS:
        assert OTHER_NAMES.get(name, name) in flags
        assert OTHER_NAMES.get(name, name) in over_http
        value = "yes" if name in YES_OR_NO else "queued"
        ((condition,), _) = search_of(f"{name}:{value}").conditions()
        assert condition


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_call_has_is_said_with_the_nearest(name: str, day: Path) -> None:
    answer = call(day, "call", "list", f"--{name}", "agent-33")
    assert answer.code == 0
    assert f"No call is of {name} agent-33." in answer.err
