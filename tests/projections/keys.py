"""Whether the rows of a model can be told apart by the key that it declares."""

from __future__ import annotations

from typing import Any

from projections.database import Projections
from projections.models import Model


def rows_with_a_bad_key(projections: Projections, model: Model) -> list[Any]:
    """The keys that several rows share, or of which a part is empty, with the number of rows."""
    key = ", ".join(model.key)
    is_empty = " or ".join(f"{column} is null" for column in model.key)
    return projections.connection.execute(
        f"select {key}, count(*) from {model.name} group by all"
        f" having count(*) > 1 or {is_empty} order by all"
    ).fetchall()
