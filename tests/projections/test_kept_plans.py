"""Plans are made once, and execute over whatever rows they are given."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest

from domain.commands import Receive
from ledger.feed import EventBatch, RefusalBatch
from projections import kept_plans as kept_plans_module
from projections.kept_plans import Given, KeptPlans, are_worth_it, kept_plans
from tests.projections.documents import MORNING, written
from tests.projections.histories import projections

QUERY = "select sum(number) as total from numbers"


@pytest.fixture
def plans() -> Iterator[KeptPlans]:
    made = KeptPlans()
    yield made
    made.close()


def numbers(*values: int) -> pa.Table:
    return pa.table({"number": pa.array(values, pa.int64())})


def total(plans: KeptPlans) -> Any:
    """What the rows that were given come to."""
    return plans.rows(QUERY)["total"][0].as_py()


@contextmanager
def columns_looked_at() -> Iterator[list[Given]]:
    """Of which rows DuckDB looks at the columns meanwhile: it does for each plan that it makes."""
    looks: list[Given] = []
    original = Given.__arrow_c_schema__

    def watched(self: Given) -> object:
        looks.append(self)
        return original(self)

    with patch.object(Given, "__arrow_c_schema__", watched):
        yield looks


def test_a_thread_of_its_own_executes_plans_while_whoever_asks_waits_for_the_interpreter(
    plans: KeptPlans,
) -> None:
    sums = ", ".join(
        f"sum_{one} as materialized (select number, sum(number) from numbers group by 1)"
        for one in range(20)
    )
    query = f"with {sums} select * from {' natural join '.join(f'sum_{n}' for n in range(20))}"
    plans.give("numbers", numbers(1, 2))
    plans.rows(query)

    own, all_threads = time.thread_time(), time.process_time()
    for _ in range(20):
        plans.rows(query)
    own, all_threads = time.thread_time() - own, time.process_time() - all_threads

    assert own < 0.9 * all_threads


def test_a_plan_is_made_once_and_reads_what_it_was_given_last(plans: KeptPlans) -> None:
    plans.give("numbers", numbers(1, 2))
    assert total(plans) == 3
    with columns_looked_at() as looks:
        for last in range(5):
            plans.give("numbers", numbers(10, last))
            assert total(plans) == 10 + last
        assert not looks
        # DuckDB looks at the columns for each plan that it makes.
        assert plans.rows("select max(number) as most from numbers").to_pylist() == [{"most": 10}]
        assert looks


def test_rows_of_other_columns_have_a_plan_of_their_own(plans: KeptPlans) -> None:
    plans.give("numbers", numbers(1, 2))
    assert total(plans) == 3
    plans.give("numbers", pa.table({"other": ["a"], "number": pa.array([1.5])}))
    assert total(plans) == 1.5


def test_rows_that_were_taken_back_are_there_no_more(plans: KeptPlans) -> None:
    plans.give("numbers", numbers(1, 2))
    assert total(plans) == 3
    plans.take_back()
    assert total(plans) is None


def test_who_computes_after_somebody_else_has_the_plans_and_none_of_the_rows() -> None:
    with kept_plans() as first:
        first.give("numbers", numbers(1, 2))
        first.rows(QUERY)
        with kept_plans() as meanwhile:
            assert meanwhile is not first
    with kept_plans() as second:
        assert second is first
        assert total(second) is None


def test_plans_of_whoever_failed_are_not_used_again() -> None:
    with suppress(duckdb.Error), kept_plans() as failed:
        failed.rows("select * from nowhere")
    with kept_plans() as next_one:
        assert next_one is not failed


def test_plans_are_not_made_for_one_time_alone() -> None:
    with patch.object(kept_plans_module, "_asked", set()):
        assert not are_worth_it("models")
        assert not are_worth_it("events")
        assert are_worth_it("models")


def test_rounds_of_events_and_refusals_use_the_plans_of_the_round_before() -> None:
    def round_of(call_id: str) -> None:
        asked = Receive(
            command_id=UUID(int=1),
            source="test",
            call_id=call_id,
            actor="system",
            occurred_at=MORNING,
        )
        # It cannot begin twice.
        ledger = written([asked, asked.model_copy(update={"command_id": UUID(int=2)})])
        start = opened.positions.position
        events = EventBatch([start + 1], [start + 1], [ledger.events[0][-1]])
        number = opened.positions.refusal_number + 1
        assert len(ledger.events) == len(ledger.refusals) == 1
        opened.add(events, RefusalBatch([number], ledger.refusals))

    with projections() as opened:
        round_of("call-1")
        round_of("call-2")
        with columns_looked_at() as looks:
            round_of("call-3")
        assert not looks
        assert opened.positions.projected_refusal_number == 3
