"""Tables held against those that a rebuild makes."""

from __future__ import annotations

from contextlib import nullcontext

from projections.comparing import Changed
from projections.database import Projections
from projections.rebuild import Rebuild


def changed_by_a_rebuild(tables: Projections) -> list[Changed]:
    """The models that come out other than they are."""
    with Rebuild(tables, nullcontext) as rebuild:
        return rebuild.run().changed
