"""The tables as they were at an earlier moment.

Every model is computed call by call. So only those calls are computed again of which some events
count and others do not: the calls that went on at that moment, and those of which something was
told later. The rows of all other calls are those that the tables have.
"""

from __future__ import annotations

from collections.abc import Iterator

from projections.as_of import AsOf
from projections.models import Kind, columns_read, models, models_by_call


def statements(as_of: AsOf, catalog: str) -> Iterator[str]:
    """What to run so that the names of the tables mean those of the moment, on one connection.

    `catalog` is the name under which the connection has the tables' file.
    """
    tables = f"{catalog}.main"
    began = f"call_position <= {as_of.position}"
    yield (
        f"create temp table changed_calls as select distinct call_position from {tables}.events"
        f" where {began} and not ({as_of.counts})"
    )
    yield (
        f"create temp table source_events as select {', '.join(columns_read())}"
        f" from {tables}.events semi join changed_calls using (call_position)"
        f" where {as_of.counts}"
    )
    for model in models_by_call():
        yield f"create temp table {model.name} as {model.sql}"
    # Only now, because a model reads the rows of these calls alone in the models before it.
    for model in models_by_call():
        if model.kind is Kind.TABLE:
            computed = f"{model.name}_of_changed_calls"
            yield f"alter table temp.{model.name} rename to {computed}"
            yield (
                f"create temp view {model.name} as"
                f" select * from {tables}.{model.name} anti join temp.changed_calls"
                f" using (call_position) where {began}"
                f" union all by name select * from temp.{computed}"
            )
    yield (
        f"create temp view refusals as select * from {tables}.refusals where {as_of.refusals_count}"
    )
    yield f"create temp view events as select * from {tables}.events where {as_of.counts}"
    for model in models():
        if model.kind is Kind.VIEW:
            yield f"create temp view {model.name} as {model.sql}"
