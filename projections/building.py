"""The models brought up to the events, or computed anew, by the one who writes the file."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from typing import Final

from projections import places
from projections.database import Projections
from projections.rebuild import Rebuild, Told, tell_nobody

WHOLE_BUILD_SHARE: Final = 0.2
"""From this share of new events on, building everything is cheaper than touched calls alone."""


def refresh(projections: Projections) -> None:
    """Bring the models up to the events: touched calls alone, or all where they are many.

    Tables that were kept are dropped then: they are too far behind to go back to.
    """
    positions = projections.positions
    behind = positions.position - positions.projected_position
    aside = places.aside(projections.connection)
    is_free = aside is None or aside.is_kept
    if behind > positions.position * WHOLE_BUILD_SHARE and behind > 10_000 and is_free:
        build(projections)
    else:
        projections.refresh_current()


def build(projections: Projections) -> None:
    """Compute all models anew beside the current ones, and swap."""
    build_only(projections, [model.name for model in projections.models.kept])


def build_only(projections: Projections, names: Collection[str], told: Told = tell_nobody) -> None:
    """As `build`, for these tables alone."""
    with Rebuild(projections, nullcontext, told) as rebuilding:
        rebuilding.only(names)


def upgrade(projections: Projections, told: Told = tell_nobody) -> list[str]:
    """Build the outdated models, those that read them, and nothing else; returns their names.

    A process that dies meanwhile leaves them outdated.
    """
    if names := projections.outdated():
        with projections.transaction():
            projections.make_macros()
        build_only(projections, names, told)
    return names
