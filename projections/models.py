"""The SQL models: a query and a declaration each, in the order in which they need one another."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property
from graphlib import TopologicalSorter
from pathlib import Path

import yaml

from projections.columns import EVENT_COLUMNS, REFUSAL_COLUMNS
from projections.errors import ProjectionError

FOLDER = Path(__file__).parent / "models"

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, where it was built: every program that reads the tables reads all declarations."""

MACROS = {
    "seconds_between": """(began_at, ended_at) as
    case
        when ended_at >= began_at then (epoch_us(ended_at) - epoch_us(began_at)) / 1e6
        when ended_at < began_at then 0.0
    end""",
    "lasts_over_midnight": """(began_at, ended_at) as
    coalesce(ended_at::date > began_at::date, false)""",
}
"""Durations are never negative, whatever the clocks did, and unknown while one end is."""


class Kind(StrEnum):
    """What becomes of a model's rows."""

    TABLE = "table"
    """Kept in the file, and computed again for the calls or refusals that arrive."""
    VIEW = "view"
    """Computed whenever somebody reads them."""
    STEP = "step"
    """Computed before the tables that read them, and forgotten with them."""


@dataclass(frozen=True)
class Model:
    """One model: what a row of it is, its query, and what its declaration says."""

    name: str
    grain: str
    description: str
    sql: str
    kind: Kind
    key: tuple[str, ...]
    """The columns that tell every row from every other."""
    reads: frozenset[str]
    """The models and the tables of the file that its query reads."""
    stand_ins: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Of a view: for what it reads, a query that gives the columns which it needs of it, and needs
    fewer models. Calls as of an earlier moment are computed by it."""

    @property
    def is_by_call(self) -> bool:
        """Whether each row belongs to one call, so that it is replaced with its call."""
        return self.kind is not Kind.VIEW and self.key[0] == "call_position"

    @property
    def is_computed_by_call(self) -> bool:
        """Whether its rows of some calls can be computed without those of all others."""
        return self.is_by_call or bool(self.stand_ins)

    @property
    def is_by_refusal(self) -> bool:
        return self.kind is not Kind.VIEW and self.key[0] == "refusal_number"


def model_in(path: Path) -> Model:
    """The model of a query's file and of the declaration beside it.

    The first line of the query is the grain. The declaration is what precedes `columns:`; the
    rest of that file is for documents and tests.
    """
    first_line, _, sql = path.read_text("utf-8").partition("\n")
    text = path.with_suffix(".yml").read_text("utf-8")
    declared = yaml.load(text.partition("\ncolumns:")[0], LOADER)  # noqa: S506 - a safe one
    return Model(
        path.stem,
        first_line.removeprefix("-- ").strip(),
        declared["description"],
        sql.strip(),
        Kind(declared["kind"]),
        tuple(declared["key"]),
        frozenset(declared["reads"]),
        declared.get("stand_ins", {}),
    )


class Models:
    """The models of a folder, and what follows from their declarations."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @cached_property
    def all(self) -> tuple[Model, ...]:
        """All models, each after those it reads."""
        found = {path.stem: model_in(path) for path in sorted(self._folder.glob("*.sql"))}
        needed = {name: sorted(model.reads & found.keys()) for name, model in found.items()}
        return tuple(found[name] for name in TopologicalSorter(needed).static_order())

    @cached_property
    def readable(self) -> tuple[Model, ...]:
        """The models that SQL can be asked of: all but the steps."""
        return tuple(model for model in self.all if model.kind is not Kind.STEP)

    @cached_property
    def kept(self) -> tuple[Model, ...]:
        """The models that are tables."""
        return tuple(model for model in self.all if model.kind is Kind.TABLE)

    @cached_property
    def by_call(self) -> tuple[Model, ...]:
        """The tables whose rows belong to a call, and the steps towards them."""
        return tuple(model for model in self.all if model.is_by_call)

    @cached_property
    def tables_read(self) -> frozenset[str]:
        """The tables that another table or a step is computed from."""
        read = frozenset(name for model in self.by_call for name in model.reads)
        return read & {model.name for model in self.kept}

    @cached_property
    def columns_read(self) -> tuple[str, ...]:
        """The columns of `events` that any model reads."""
        words = words_of(" ".join(model.sql for model in self.all))
        return tuple(name for name in EVENT_COLUMNS if name in words)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """64 hexadecimal digits for each model that can be read: what its rows follow from.

        That is its query, the macros and the columns that this names, and the models that it reads.
        """
        hashes: dict[str, str] = {}
        for model in self.all:
            words = words_of(model.sql)
            columns = {**EVENT_COLUMNS, **(REFUSAL_COLUMNS if model.is_by_refusal else {})}
            parts = (
                *(model.kind, *model.key, model.sql),
                *(f"{name} {macro}" for name, macro in MACROS.items() if name in words),
                *(f"{name} {columns[name]}" for name in sorted(words & columns.keys())),
                *(hashes[name] for name in sorted(model.reads & hashes.keys())),
            )
            hashes[model.name] = sha256("\0".join(parts))
        return {model.name: hashes[model.name] for model in self.readable}

    @cached_property
    def table_columns_path(self) -> Path:
        """The file beside the queries that has the columns of their tables."""
        return self._folder / "tables.json"

    @cached_property
    def table_columns(self) -> dict[str, str]:
        """The columns of each table with their types, as SQL has them in `create table`."""
        return {
            name: ", ".join(f"{column} {kind}" for column, kind in columns.items())
            for name, columns in self.column_types.items()
        }

    @cached_property
    def column_types(self) -> dict[str, dict[str, str]]:
        """The type of each column of each table.

        Raises `ProjectionError` where a model is other than when they were written.
        """
        written = json.loads(self.table_columns_path.read_text("utf-8"))
        for model in self.kept:
            if written.get(model.name, {}).get("made_by") != self.hashes[model.name]:
                raise ProjectionError(
                    f"The model {model.name} was changed and {self.table_columns_path} was not:"
                    " `python -m entrypoints.docgen` writes it anew."
                )
        return {model.name: written[model.name]["columns"] for model in self.kept}

    def needed_for(self, names: Collection[str]) -> tuple[Model, ...]:
        """The models of calls to compute for some tables: these, and the steps towards them."""
        needed = set(names)
        for model in reversed(self.by_call):
            if model.name in needed:
                needed |= {
                    step.name
                    for step in self.by_call
                    if step.kind is Kind.STEP and step.name in model.reads
                }
        return tuple(model for model in self.by_call if model.name in needed)


@cache
def of_this_version() -> Models:
    """The models that come with the program."""
    return Models()


def models() -> tuple[Model, ...]:
    """All models, each after those it reads."""
    return of_this_version().all


def readable_models() -> tuple[Model, ...]:
    """The models that SQL can be asked of: all but the steps."""
    return of_this_version().readable


def kept_models() -> tuple[Model, ...]:
    """The models that are tables."""
    return of_this_version().kept


def models_by_call() -> tuple[Model, ...]:
    """The tables whose rows belong to a call, and the steps towards them."""
    return of_this_version().by_call


def columns_read() -> tuple[str, ...]:
    """The columns of `events` that any model reads."""
    return of_this_version().columns_read


def words_of(sql: str) -> set[str]:
    """Every word of a query: more than the names in it, and never fewer."""
    return set(re.findall(r"\w+", sql))


def sha256(text: str) -> str:
    """The hash of a text, in 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
