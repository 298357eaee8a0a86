"""Each key has its rate, and who asks more often is told how long to wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrypoints.http.rates import BURST_SECONDS, MOST_CALLERS, Rates
from entrypoints.http.service import Limits
from tests.http.conftest import served_in
from tests.ledger.lines import lines_of_calls

A_SECOND = 10


class Timed:
    """Ten requests a second, by a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rates = Rates(A_SECOND, lambda: self.now)

    def let_in(self, caller: str = "ada", times: int = 100) -> int:
        return sum(self.rates.wait_seconds(caller) == 0 for _ in range(times))


@pytest.fixture
def timed() -> Timed:
    return Timed()


def test_a_burst_is_let_in_and_then_the_rate(timed: Timed) -> None:
    assert timed.let_in() == A_SECOND * BURST_SECONDS
    for _ in range(3):
        timed.now += 0.5
        assert timed.let_in() in (A_SECOND // 2 - 1, A_SECOND // 2)
    timed.now += 1_000
    assert timed.let_in() == A_SECOND * BURST_SECONDS


def test_who_waits_as_long_as_told_is_let_in(timed: Timed) -> None:
    timed.let_in()
    wait_seconds = timed.rates.wait_seconds("ada")
    assert 0 < wait_seconds <= 1 / A_SECOND
    timed.now += wait_seconds + 1e-6
    assert timed.let_in() == 1


def test_one_key_takes_nothing_from_another(timed: Timed) -> None:
    timed.let_in("ada")
    assert timed.let_in("bob") == A_SECOND * BURST_SECONDS


def test_many_in_one_are_let_in_and_waited_for_afterwards(timed: Timed) -> None:
    assert timed.let_in(times=1) == 1
    timed.rates.spend("ada", 99)
    assert timed.let_in() == 0
    timed.now += 10
    assert timed.let_in() == A_SECOND * BURST_SECONDS


def test_keys_without_end_do_not_fill_memory_and_who_asks_is_not_forgotten(timed: Timed) -> None:
    timed.let_in("ada")
    for number in range(2 * MOST_CALLERS):
        timed.rates.wait_seconds(f"key-{number}")
        if number % 1_000 == 0:
            timed.rates.spend("ada", 1)
    assert len(timed.rates) == MOST_CALLERS
    assert timed.let_in("ada") == 0


def test_who_asks_too_often_over_http_is_told_when_to_come_again(tmp_path: Path) -> None:
    with served_in(tmp_path / "ledger", limits=Limits(requests_per_second=1)) as served:
        answers = [served.auditor.get("/v1/rules") for _ in range(20)]
        refused = [one for one in answers if one.status_code == 429]
        assert refused
        assert {one.status_code for one in answers} == {200, 429}
        assert all(int(one.headers["retry-after"]) == 1 for one in refused)
        assert served.analyst.get("/v1/rules").status_code == 200
        lines = b"\n".join(lines_of_calls(10))
        sent = {"Content-Type": "application/x-ndjson"}
        assert served.writer.post("/v1/commands:batch", content=lines, headers=sent).is_success
        again = served.writer.post("/v1/commands:batch", content=lines, headers=sent)
        assert (again.status_code, int(again.headers["retry-after"]) > 5) == (429, True)
