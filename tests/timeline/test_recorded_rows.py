"""What was really recorded and projected is drawn as the tests' own rows are."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.commands import Hold
from domain.vocabulary import TimeSource
from entrypoints.timeline.lanes import lanes
from ledger.ledger import Ledger
from projections.serving.client import ask
from tests.timeline.recording import Recording, in_conference, transferred


@pytest.mark.parametrize(
    "recording",
    [
        transferred(Recording()),
        in_conference(Recording(time_source=TimeSource.DERIVED)).is_seen(Hold, "agent-2", after=5),
    ],
    ids=["decided and exact", "observed and derived"],
)
def test_rows_of_the_ledgers_own_tables_are_drawn_alike(
    recording: Recording, tmp_path: Path
) -> None:
    with Ledger.open(tmp_path) as ledger:
        for command, observed in recording.commands:
            ledger.record(command, observed)
    rows = ask(tmp_path, "select * from events order by version").table.to_pylist()
    assert lanes(rows) == lanes(recording.rows)
    assert [entry.full_sentence for entry in lanes(rows).entries] == [
        entry.full_sentence for entry in lanes(recording.rows).entries
    ]
