"""The columns of `events` are the fields of the events, whatever becomes of them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from domain.events import EVENT_CLASSES
from projections.columns import BODY, column_type
from projections.database import Projections
from tests.projections.documents import document, short


def test_every_field_of_every_event_is_a_column() -> None:
    fields = {name for one in EVENT_CLASSES for name in one.__struct_fields__}
    assert set(BODY) == fields


def test_an_unforeseen_type_of_field_is_refused_with_the_next_step() -> None:
    with pytest.raises(TypeError, match=r"projections/columns\.py"):
        column_type(dict[str, str])


def test_the_cause_of_an_event_is_its_command_unless_it_names_another(tmp_path: Path) -> None:
    with Projections(tmp_path / "projections.duckdb") as projections:
        projections.add(short([[0, "received", {"stay_number": 1, "channel": "telephony"}]]))
        found = projections.connection.execute(
            "select causation_id = command_id::varchar, time_source, observed, rules_broken,"
            " occurred_at::varchar from events"
        ).fetchall()
    assert found == [(True, "exact", False, None, "2026-01-01 09:00:00")]


def test_an_event_of_an_unknown_type_stops_the_projection_and_changes_nothing(
    tmp_path: Path,
) -> None:
    batch = short([[0, "received", {"stay_number": 1, "channel": "telephony"}]])
    unknown = document("call.invented.v1", 0, {}, 1)
    with Projections(tmp_path / "projections.duckdb") as projections:
        with pytest.raises(duckdb.Error):
            projections.add(type(batch)(batch.positions, batch.call_positions, [unknown]))
        assert projections.positions == (0, 0, 0, 0)
        projections.add(batch)
        assert projections.positions.projected_position == 1
