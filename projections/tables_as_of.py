"""The tables as they were at an earlier moment.

Every model is computed call by call. So only those calls are computed again of which some events
count and others do not: the calls that went on at that moment, and those of which something was
told later. The rows of all other calls are those that the tables have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set

from projections.as_of import AsOf
from projections.models import Kind, Model, columns_read, models, models_by_call


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
    now = f"{catalog}.main"
    began = f"call_position <= {as_of.position}"
    if only_call is not None:
        began += f" and call_position = {only_call}"
    asked = [model for model in models() if model.name in with_those_read(tables, Kind.VIEW)]
    kept = [model for model in asked if model.is_by_call]
    if kept or "dead_letters" in tables:
        # One without a position stands for no event, so at no moment either.
        yield (
            f"create temp view dead_letters as select * from {now}.dead_letters"
            f" where {as_of.is_known}"
        )
    if kept:
        yield changed_calls(as_of, now, began)
    if kept and has_changed_calls():
        yield from computed_anew(as_of, now, began, kept)
    else:
        for model in kept:
            yield f"create temp view {model.name} as select * from {now}.{model.name} where {began}"
    if "refusals" in tables:
        yield (
            f"create temp view refusals as select * from {now}.refusals"
            f" where {as_of.counts_of(f'{now}.refusals')}"
        )
    if "events" in tables:
        yield f"create temp view events as select * from {now}.events where {as_of.counts}"
    for model in asked:
        if model.kind is Kind.VIEW:
            yield f"create temp view {model.name} as {model.sql}"


def changed_calls(as_of: AsOf, now: str, began: str) -> str:
    """The statement that finds the calls, among those that began, of which a part counts.

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
    return f"create temp table changed_calls as {' union '.join([*left_out, unread])}"


def computed_anew(as_of: AsOf, now: str, began: str, kept: list[Model]) -> Iterator[str]:
    """What computes the changed calls from those of their events that count, beside all others."""
    yield (
        f"create temp table source_events as select {', '.join(columns_read())}"
        f" from {now}.events semi join temp.changed_calls using (call_position)"
        f" where {as_of.counts}"
    )
    for model in kept:
        yield f"create temp table {model.name}_of_changed_calls as {computed(model)}"
    # Only now, because a model reads the rows of these calls alone in those that it is made of.
    for model in kept:
        yield (
            f"create temp view {model.name} as select * from {now}.{model.name}"
            f" anti join temp.changed_calls using (call_position) where {began}"
            f" union all by name select * from temp.{model.name}_of_changed_calls"
        )


def computed(model: Model) -> str:
    """The query for the model's rows of the changed calls, with all that it is computed from.

    One statement is planned in two thirds of the time that a statement for each of them takes.
    """
    needed = with_those_read(model.reads, Kind.TABLE, Kind.STEP)
    steps = [
        f"{one.name} as materialized ({one.sql})" for one in models_by_call() if one.name in needed
    ]
    return f"{'with ' if steps else ''}{', '.join(steps)} select * from ({model.sql})"


def with_those_read(names: Set[str], *kinds: Kind) -> frozenset[str]:
    """The names, and those of what they read, as far as models of these kinds lead."""
    found = set(names)
    for model in reversed(models()):
        if model.name in found and model.kind in kinds:
            found |= model.reads
    return frozenset(found)
