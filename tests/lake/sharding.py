"""Shards brought up to Kafka, and their rows beside those of a rebuild."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from consumers.shard_projector import project_shard
from infra.kafka import Kafka
from lake.columns import tables
from lake.place import LakePlace
from lake.reading import LakeReader
from lake.record import Record
from lake.shard import Shard
from lake.table import Lake
from projections.database import FILE_NAME, Projections
from projections.models import readable_models
from tests.consumers.projecting import NOBODY_STOPS, rows_from_store

Rows = dict[str, list[tuple[Any, ...]]]


def shards(count: int) -> list[Shard]:
    return [Shard(number, count) for number in range(1, count + 1)]


def bring_up(folder: Path, kafka: Kafka, place: LakePlace, shard: Shard, **how: Any) -> Record:
    return project_shard(folder, kafka, shard, place, NOBODY_STOPS, until_end=True, **how)


def published(place: LakePlace) -> Rows:
    with LakeReader(Lake(place)) as reader:
        return {
            name: rows_of(reader, f"select {columns_of(name)} from {name} order by all")
            for name in names()
        }


def rows_of(reader: LakeReader, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in reader.ask(sql).table.to_pylist()]


def rebuilt(store: Path, folder: Path) -> Rows:
    rows_from_store(store, folder)
    with Projections(folder / FILE_NAME) as projections:
        return {
            name: [
                tuple(row.values())
                for row in projections.connection.sql(
                    f"select {columns_of(name)} from {name} order by all"
                )
                .to_arrow_table()
                .to_pylist()
            ]
            for name in names()
        }


def names() -> list[str]:
    return ["events", *(model.name for model in readable_models())]


def columns_of(name: str) -> str:
    return ", ".join(tables()[name]) if name in tables() else "*"
