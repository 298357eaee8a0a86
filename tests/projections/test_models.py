"""Every model does what its description says: columns, grain, and the given events' rows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
import yaml

from projections import table_columns
from projections.computing import Computing
from projections.database import Projections
from projections.errors import ProjectionError
from projections.models import (
    FOLDER,
    Kind,
    Model,
    Models,
    kept_models,
    models,
    of_this_version,
    readable_models,
)
from tests.projections.documents import short, short_refusals

NAMES = [model.name for model in models()]
READABLE = [model.name for model in readable_models()]


def description(name: str) -> dict[str, Any]:
    found = yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_given_events_make_the_expected_rows(name: str, tmp_path: Path) -> None:
    described = description(name)
    columns = list(described["expect"][0])
    with Projections(tmp_path / "projections.duckdb") as projections:
        refusals = described.get("given_refusals")
        projections.add(short(described["given"]), short_refusals(refusals) if refusals else None)
        see_the_steps(projections)
        found = projections.connection.sql(f"select {', '.join(columns)} from {name}")
        rows = [as_written(row) for row in found.to_arrow_table().to_pylist()]
    assert sorted(rows, key=str) == sorted(described["expect"], key=str)


def see_the_steps(projections: Projections) -> None:
    """Let what is otherwise forgotten be read: steps over all events."""
    projections.connection.execute("create temp view source_events as from main.events")
    for model in models():
        if model.kind is Kind.STEP:
            projections.connection.execute(f"create temp view {model.name} as {model.sql}")


def as_written(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if hasattr(value, "isoformat") else value for name, value in row.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_described_and_nothing_else(name: str, tmp_path: Path) -> None:
    with Projections(tmp_path / "projections.duckdb") as projections:
        see_the_steps(projections)
        columns = [row[0] for row in projections.connection.sql(f"describe {name}").fetchall()]
    assert list(description(name)["columns"]) == columns


@pytest.mark.parametrize("name", NAMES)
def test_times_durations_and_keys_are_named_alike_everywhere(name: str, tmp_path: Path) -> None:
    with Projections(tmp_path / "projections.duckdb") as projections:
        see_the_steps(projections)
        described = projections.connection.sql(f"describe {name}").fetchall()
    columns = {row[0]: row[1] for row in described}
    for column, kind in columns.items():
        assert column.endswith("_at") == (kind == "TIMESTAMP"), column
        assert column.endswith("_seconds") == (kind == "DOUBLE"), column
        assert not column.startswith("is_") or kind == "BOOLEAN", column
    assert "source" in columns or name not in READABLE


def test_the_columns_of_the_tables_are_those_of_their_queries() -> None:
    kept = of_this_version()
    assert kept.table_columns_path.read_text("utf-8") == table_columns.written(kept), (
        "run `python -m entrypoints.docgen` and commit projections/models/tables.json"
    )


def test_a_query_that_changed_after_the_columns_were_written_makes_no_table(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(FOLDER, folder)
    query = (folder / "holds.sql").read_text("utf-8")
    (folder / "holds.sql").write_text(f"{query}-- other\n", "utf-8")
    with pytest.raises(ProjectionError, match=r"The model holds was changed"):
        Projections(tmp_path / "projections.duckdb", models=Models(folder))


def test_a_new_file_has_its_tables_without_planning_their_queries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a model was computed")

    monkeypatch.setattr(Computing, "_compute", refuse)
    with Projections(tmp_path / "projections.duckdb", models=Models()) as projections:
        rows = [projections.connection.sql(f"from {name}").fetchall() for name in READABLE]
    assert rows == [[] for _ in READABLE]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_a_model_begins_with_its_grain_and_ends_with_final(model: Any) -> None:
    assert model.grain.startswith("One row per ")
    assert model.sql.endswith("select * from final")


def test_a_model_comes_after_those_it_reads() -> None:
    read = [
        (NAMES.index(model.name), NAMES.index(name))
        for model in models()
        for name in model.reads & set(NAMES)
    ]
    assert read
    assert all(needed < reader for reader, needed in read)


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_a_model_declares_the_tables_that_its_sql_reads(model: Model) -> None:
    tables, steps = tables_and_steps(model.sql)
    assert model.reads == tables - steps
    assert not steps & {*NAMES, "source_events", "source_refusals"}


def tables_and_steps(sql: str) -> tuple[set[str], set[str]]:
    """What a query names as a table, and the steps that it defines, as DuckDB's parser has them."""
    tree = duckdb.execute("select json_serialize_sql($1::varchar)", [sql]).fetchall()[0][0]
    tables, steps = set(), set()
    waiting = [orjson.loads(tree)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if node.get("type") == "BASE_TABLE":
                tables.add(node["table_name"])
            steps |= {one["key"] for one in node.get("cte_map", {}).get("map", ())}
            waiting += node.values()
    return tables, steps


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_a_key_is_of_columns_that_the_model_has(model: Model) -> None:
    assert model.key
    assert set(model.key) <= set(description(model.name)["columns"])


def test_every_table_belongs_to_calls_or_to_refusals() -> None:
    for model in kept_models():
        assert model.is_by_call != model.is_by_refusal, model.name
