"""The SQL models: a query and a declaration each, in the order in which they need one another."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import yaml

from projections import dead_letters
from projections.columns import CAUSATION, EVENT_COLUMNS, REFUSAL_COLUMNS

FOLDER = Path(__file__).parent / "models"

MACROS = """
create or replace macro seconds_between(began_at, ended_at) as
    case
        when ended_at >= began_at then (epoch_us(ended_at) - epoch_us(began_at)) / 1e6
        when ended_at < began_at then 0.0
    end;
create or replace macro lasts_over_midnight(began_at, ended_at) as
    coalesce(ended_at::date > began_at::date, false)
"""
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

    @property
    def is_by_call(self) -> bool:
        """Whether each row belongs to one call, so that it is replaced with its call."""
        return self.kind is not Kind.VIEW and self.key[0] == "call_position"

    @property
    def is_by_refusal(self) -> bool:
        return self.kind is not Kind.VIEW and self.key[0] == "refusal_number"


@cache
def models() -> tuple[Model, ...]:
    """All models, each after those it reads."""
    found = {path.stem: model_in(path) for path in sorted(FOLDER.glob("*.sql"))}
    needed = {name: sorted(model.reads & found.keys()) for name, model in found.items()}
    return tuple(found[name] for name in TopologicalSorter(needed).static_order())


def model_in(path: Path) -> Model:
    """The model of a query's file and of the declaration beside it.

    The first line of the query is the grain. The declaration is what precedes `columns:`; the
    rest of that file is for documents and tests.
    """
    first_line, _, sql = path.read_text("utf-8").partition("\n")
    text = path.with_suffix(".yml").read_text("utf-8")
    declared = yaml.safe_load(text.partition("\ncolumns:")[0])
    return Model(
        path.stem,
        first_line.removeprefix("-- ").strip(),
        declared["description"],
        sql.strip(),
        Kind(declared["kind"]),
        tuple(declared["key"]),
        frozenset(declared["reads"]),
    )


@cache
def readable_models() -> tuple[Model, ...]:
    """The models that SQL can be asked of: all but the steps."""
    return tuple(model for model in models() if model.kind is not Kind.STEP)


@cache
def kept_models() -> tuple[Model, ...]:
    """The models that are tables."""
    return tuple(model for model in models() if model.kind is Kind.TABLE)


@cache
def models_by_call() -> tuple[Model, ...]:
    """The tables whose rows belong to a call, and the steps towards them."""
    return tuple(model for model in models() if model.is_by_call)


@cache
def tables_read() -> frozenset[str]:
    """The tables that another table or a step is computed from."""
    read = frozenset(name for model in models_by_call() for name in model.reads)
    return read & {model.name for model in kept_models()}


@cache
def columns_read() -> tuple[str, ...]:
    """The columns of `events` that any model reads."""
    words = set(re.findall(r"\w+", " ".join(model.sql for model in models())))
    return tuple(name for name in EVENT_COLUMNS if name in words)


@cache
def models_hash() -> str:
    """64 hexadecimal digits over the models, the macros and the columns they are read from.

    A file made by other ones is set aside and made anew.
    """
    digest = hashlib.sha256(MACROS.encode())
    for model in models():
        digest.update(f"{model.name}\0{model.kind}\0{model.sql}\0".encode())
    digest.update(dead_letters.TABLES.encode())
    digest.update(repr((EVENT_COLUMNS, REFUSAL_COLUMNS, CAUSATION)).encode())
    return digest.hexdigest()
