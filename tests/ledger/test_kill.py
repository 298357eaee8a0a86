"""Killed at any moment: what was acknowledged is there once, and nothing is half there."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from ledger.feed import StoreFeed
from ledger.intake import read_request
from ledger.ledger import Ledger
from tests.ledger.lines import all_documents, assert_whole, id_in, lines_of_calls
from tests.ledger.recorder import ALL, Recorder
from tests.ledger.stores import Store, ledger_at

KILLS = 40
CALLS = 1_500
LINES_AT_ONCE = 3_600
"""More than a recorder takes before it is killed; with all of them most of its time is reading."""

LEFT_IN = 10
"""How many of the acknowledged commands are sent again after each kill."""

ANSWERS_BEFORE_A_KILL = 3 * LEFT_IN
"""At most; counted and not timed, so that a busy machine acknowledges as many."""


@pytest.mark.slow
def test_a_process_killed_at_any_moment_loses_nothing_it_acknowledged(
    tmp_path: Path, store: Store
) -> None:
    random = Random(11)
    lines = lines_of_calls(CALLS)
    rest = tmp_path / "rest.jsonl"
    folder = ledger_at(tmp_path / "ledger", store.url)
    acknowledged: dict[str, str] = {}
    for kill in range(KILLS):
        latest = set(list(acknowledged)[-LEFT_IN:])
        left = [
            line for line in lines if (name := id_in(line)) not in acknowledged or name in latest
        ]
        rest.write_bytes(b"\n".join(left[:LINES_AT_ONCE]))
        recorder = Recorder(folder.path, store.url, rest)
        told = recorder.told()
        # Now and then the kill meets the start, otherwise the recording itself.
        waited_for = 0 if kill % 5 == 4 else random.randint(1, ANSWERS_BEFORE_A_KILL)
        said = list(islice(told, waited_for))
        time.sleep(random.uniform(0, 0.02 if said else 0.2))
        recorder.kill()
        said += told
        recorder.close()
        assert ALL not in said, "there is too little to record, the kill came too late"
        for command_id, outcome in said:
            assert acknowledged.setdefault(command_id, outcome) == outcome
        if acknowledged:
            assert_whole(folder, acknowledged)
    assert len(acknowledged) > 2 * KILLS

    documents = all_documents(folder)
    with Ledger.open(folder) as ledger:
        outcomes = ledger.record_many([read_request(line) for line in lines])
        assert sum(outcome.repeated for outcome in outcomes) >= len(acknowledged)
        again = ledger.record_many([read_request(line) for line in lines])
        assert all(outcome.repeated for outcome in again)
    complete = all_documents(folder)
    assert complete[: len(documents)] == documents
    with StoreFeed(folder) as feed:
        assert feed.head() == (CALLS * 7, CALLS)
