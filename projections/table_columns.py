"""The columns of the models' tables, worked out from the queries once and written beside them.

To plan all queries takes longer than everything else that a new file needs, so none is planned
where empty tables are made.
"""

from __future__ import annotations

import json
from typing import Final

import duckdb

from projections import file_layout
from projections.models import MACROS, Kind, Models

READ: Final = {"source_events": "events", "source_refusals": "refusal_events"}


def written(models: Models) -> str:
    """What is to be in the models' `tables.json`: by table, its columns and the model's hash."""
    with duckdb.connect() as connection:
        file_layout.make(connection)
        for name, macro in MACROS.items():
            connection.execute(f"create macro {name}{macro}")
        for name, table in READ.items():
            connection.execute(f"create view {name} as from {table}")
        found = {}
        for model in models.all:
            if model.kind is Kind.VIEW:
                continue
            connection.execute(f"create table {model.name} as {model.sql}")
            if model.kind is Kind.TABLE:
                described = connection.sql(f"describe {model.name}").fetchall()
                columns = {column: kind for column, kind, *_ in described}
                found[model.name] = {"made_by": models.hashes[model.name], "columns": columns}
    return json.dumps(found, indent=2, sort_keys=False) + "\n"


def write(models: Models) -> None:
    """Write the models' `tables.json` anew."""
    models.table_columns_path.write_text(written(models), "utf-8")
