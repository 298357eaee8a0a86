"""What an analyst's statement may read, and what the ledger's own questions may beside it."""

from __future__ import annotations

from functools import cache
from typing import Final

from projections.models import readable_models
from projections.serving.permitted import Readable
from projections.serving.permitted_functions import TABLE_FUNCTIONS
from projections.snapshot_tables import REFUSED_ARGUMENTS

OWN_TABLES: Final = frozenset(
    {"feed_positions", "feed_topics", "feed_offsets", "dead_letters", "refusal_events"}
)
OWN_TABLE_FUNCTIONS: Final = frozenset({"duckdb_memory"})
"""What the ledger's own questions read beside what everybody may."""

PERSONAL_TABLES: Final = frozenset({"events", REFUSED_ARGUMENTS[0]})
"""Where fields that can name a person are; the models have none of them."""


@cache
def readable_by_everybody() -> Readable:
    """The models and the events they come from, and tables that are computed."""
    return Readable({"events", *(model.name for model in readable_models())}, TABLE_FUNCTIONS)


@cache
def readable_without_personal() -> Readable:
    """The same without what people have said and who the customers are."""
    everything = readable_by_everybody()
    return everything._replace(tables=frozenset(everything.tables - PERSONAL_TABLES))


def without_schemas(readable: Readable) -> Readable:
    """The same, by names alone: before a schema's name they would be the tables of now."""
    return readable._replace(schemas=frozenset())


@cache
def readable_by_the_ledger() -> Readable:
    """What the ledger's own questions may read."""
    tables, functions, schemas = readable_by_everybody()
    return Readable(tables | OWN_TABLES, functions | OWN_TABLE_FUNCTIONS, schemas)
