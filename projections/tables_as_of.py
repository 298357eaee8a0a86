"""The tables as they were at an earlier moment.

Every model is computed call by call. So only those calls are computed again of which some events
count and others do not: the calls that went on at that moment, and those of which something was
told later. The rows of all other calls are those that the tables have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import Final, NamedTuple

from projections.as_of import AsOf
from projections.models import Kind, Model, columns_read, models, models_by_call, words_of

CHANGED_CALLS: Final = "changed_calls"


class Made(NamedTuple):
    """A table or view of the connection, and the query for its rows."""

    name: str
    query: str
    kind: str = "view"
    is_of_any_moment: bool = False
    """Whether the query is the same at every moment, because it reads only what others made."""

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        return f"create temp {self.kind} {self.name} as {self.query}"


def statements(
    as_of: AsOf,
    catalog: str,
    tables: Set[str],
    only_call: int | None = None,
    has_changed_calls: Callable[[], bool] = lambda: True,
) -> Iterator[str]:
    """What to run so that the names of these tables mean those of the moment, on one connection.

    `catalog` is the name under which the connection has the tables' file. With `only_call` the
    tables have this call alone. To plan a model takes longer than to compute it for so few calls,
    so only what the tables are computed from is, and nothing where no call changed: that is asked
    of the connection, by whoever runs each statement before taking the next one.
    """
    return (one.sql for one in missing(as_of, catalog, tables, only_call, has_changed_calls))


def missing(
    as_of: AsOf,
    catalog: str,
    tables: Set[str],
    only_call: int | None,
    has_changed_calls: Callable[[], bool],
    made: Set[str] = frozenset(),
) -> Iterator[Made]:
    """As `statements`, without what the connection has already: the names of that are `made`."""
    for one in needed(as_of, catalog, tables, only_call, has_changed_calls, made):
        if one.name not in made:
            yield one


def needed(
    as_of: AsOf,
    catalog: str,
    tables: Set[str],
    only_call: int | None,
    has_changed_calls: Callable[[], bool],
    made: Set[str],
) -> Iterator[Made]:
    """All that has to be there; what is `made` already need not be computed from its events."""
    now = f"{catalog}.main"
    began = f"call_position <= {as_of.position}"
    if only_call is not None:
        began += f" and call_position = {only_call}"
    asked = asked_for(tables)
    kept = [model for model in asked if model.is_computed_by_call]
    if kept or "dead_letters" in tables:
        # One without a position stands for no event, so at no moment either.
        yield Made("dead_letters", f"select * from {now}.dead_letters where {as_of.is_known}")
    if kept:
        yield changed_calls(as_of, now, began)
    if kept and has_changed_calls():
        yield from computed_anew(as_of, now, began, kept, made)
    else:
        for model in kept:
            yield Made(model.name, f"select * from {now}.{model.name} where {began}")
    if "refusals" in tables:
        counting = as_of.counts_of(f"{now}.refusals")
        yield Made("refusals", f"select * from {now}.refusals where {counting}")
    if "events" in tables:
        yield Made("events", f"select * from {now}.events where {as_of.counts}")
    for model in asked:
        if model.kind is Kind.VIEW and not model.is_computed_by_call:
            yield Made(model.name, model.sql)


def changed_calls(as_of: AsOf, now: str, began: str) -> Made:
    """The calls, among those that began, of which a part counts.

    Each condition is asked for on its own, because DuckDB then passes over the parts of the table
    in which it holds for all.
    """
    left_out = [
        f"select call_position from {now}.events where {began} and not ({condition})"
        for condition in as_of.conditions
    ]
    unread = (
        f"select call_position from {now}.dead_letters"
        f" where {began} and not coalesce({as_of.is_known}, false)"
    )
    return Made(CHANGED_CALLS, " union ".join([*left_out, unread]), "table")


def computed_anew(
    as_of: AsOf, now: str, began: str, kept: list[Model], made: Set[str]
) -> Iterator[Made]:
    """What computes the changed calls from those of their events that count, beside all others."""
    yield Made(
        "source_events",
        f"select {', '.join(columns_read())}"
        f" from {now}.events semi join temp.{CHANGED_CALLS} using (call_position)"
        f" where {as_of.counts}",
        "table",
    )
    known = {model.name for model in models_by_call() if of_changed_calls(model.name) in made}
    for model in kept:
        yield Made(of_changed_calls(model.name), computed(model, known), "table", True)
        known.add(model.name)
    for model in kept:
        yield Made(
            model.name,
            f"select * from {now}.{model.name}"
            f" anti join temp.{CHANGED_CALLS} using (call_position) where {began}"
            f" union all by name select * from temp.{of_changed_calls(model.name)}",
        )


def asked_for(tables: Set[str]) -> list[Model]:
    """The models of these names, and those that their views are computed from."""
    found = set(tables)
    for model in reversed(models()):
        if model.name in found and model.kind is Kind.VIEW and not model.stand_ins:
            found |= model.reads
    return [model for model in models() if model.name in found]


def of_changed_calls(name: str) -> str:
    """The table that has a model's rows of the changed calls."""
    return f"{name}_of_{CHANGED_CALLS}"


def computed(model: Model, known: Set[str]) -> str:
    """The query for the model's rows of the changed calls, with all that it is computed from.

    One statement is planned in two thirds of the time that a statement for each of them takes. Of
    the models that are `known` the rows are there.
    """
    read = model.reads.union(*(words_of(query) for query in model.stand_ins.values()))
    behind = with_those_read(read - model.stand_ins.keys(), known)
    steps = {
        one.name: f"from temp.{of_changed_calls(one.name)}" if one.name in known else one.sql
        for one in models_by_call()
        if one.name in behind
    }
    steps_in_order = [
        *(f"{name} as materialized ({query})" for name, query in steps.items()),
        *(f"{name} as ({query})" for name, query in model.stand_ins.items()),
    ]
    beginning = f"with {', '.join(steps_in_order)} " if steps_in_order else ""
    return f"{beginning}select * from ({model.sql})"


def with_those_read(names: Set[str], known: Set[str]) -> frozenset[str]:
    """The models of these names that are computed by call, and those that lead to unknown ones."""
    found = set(names)
    for model in reversed(models_by_call()):
        if model.name in found and model.name not in known:
            found |= model.reads
    return frozenset(found)
