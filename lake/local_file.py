"""The DuckDB file in which a shard is computed: nobody asks it, and the table brings it back."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from lake.columns import DEAD_LETTERS, EVENTS, shown, tables
from lake.record import Record
from lake.rows import newest, rows_in
from lake.shard import Shard
from lake.table import File, Lake
from projections import dead_letters
from projections.batches import registered
from projections.building import build
from projections.database import Projections
from projections.serving.duckdb_file import open_or_set_aside

STATE: Final = "create table if not exists published_state (state varchar)"
"""The name of the rows and offsets that the file has, as the commit that published them has it."""


def opened(
    folder: Path, lake: Lake, shard: Shard, last: Record | None, megabytes: int
) -> Projections:
    """The shard's file as of its last commit: the one that is there, or made from the table.

    Raises `FileInUse`, and `LakeUnavailable`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"shard-{shard.number}-of-{shard.count}.duckdb"
    state = "" if last is None else last.state
    projections, _ = open_or_set_aside(path, megabytes)
    if state_of(projections) == state and not projections.outdated():
        return projections
    projections.close()
    for own_file in (path, path.with_name(f"{path.name}.wal")):
        own_file.unlink(missing_ok=True)
    projections, _ = open_or_set_aside(path, megabytes)
    try:
        state_of(projections)
        if last is not None and state:
            bring_back(projections, lake, last)
    except BaseException:
        projections.close()
        raise
    return projections


def state_of(projections: Projections) -> str:
    """The name of what the file has; empty where it has nothing."""
    projections.connection.execute(STATE)
    found = projections.connection.execute("from published_state").fetchall()
    return str(found[0][0]) if found else ""


def note_state(projections: Projections, state: str) -> None:
    """Say what the file has, in the caller's transaction."""
    projections.connection.execute("delete from published_state")
    projections.connection.execute("insert into published_state values (?)", [state])


def bring_back(projections: Projections, lake: Lake, last: Record) -> None:
    """Fill an empty file with what the shard's last commit has. Raises `LakeUnavailable`."""
    files = [file for file in lake.files() if file.shard == last.number]
    connection = projections.connection
    with projections.transaction():
        for name, some in (
            (EVENTS, [file for file in files if file.table == EVENTS]),
            (DEAD_LETTERS, list(newest(files, DEAD_LETTERS).values())),
        ):
            take_rows(projections, lake, name, some)
        dead_letters.note_topics(connection, last.topic_ids)
        offsets = {(topic, partition): offset for topic, partition, offset in last.offsets}
        dead_letters.note_offsets(connection, offsets)
        projections.note_position(last_position(connection))
        projections.note_refusal_number(last.refusal_number)
        projections.note_projected(connection)
        note_state(projections, last.state)
    build(projections)


def take_rows(projections: Projections, lake: Lake, name: str, files: list[File]) -> None:
    """Put the rows of files into the table of this name, by a DuckDB that may read files."""
    # Its own numbers are given to dead letters here.
    columns = {
        column: kind for column, kind in tables()[name].items() if column != "dead_letter_number"
    }
    with lake.place.explained(), duckdb.connect() as reading:
        lake.place.show_to(reading)
        for file in files:
            rows = reading.sql(rows_in(lake.place, name, [file]))
            with registered(projections.connection, "arriving", rows.to_arrow_table()):
                projections.connection.execute(
                    f"insert into {name} by name select {shown(columns)} from arriving"
                )


def last_position(connection: duckdb.DuckDBPyConnection) -> int:
    """The highest position in the table of events."""
    ((position,),) = connection.execute("select coalesce(max(position), 0) from events").fetchall()
    return int(position)
