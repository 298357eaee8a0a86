"""Follows the feed into the read side's tables, in large steps while behind and small ones live."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from projections.batches import Positions
from projections.catch_up import Feed, Progress
from projections.serving.server import owning

IDLE_SECONDS: Final = 0.05
"""How long the projector waits before it looks again, when there is nothing new."""


def follow(
    folder: Path,
    open_feed: Callable[[], Feed],
    stopping: threading.Event,
    progress: Progress | None = None,
    on_positions: Callable[[Positions], None] | None = None,
) -> Positions:
    """Keep the tables up to the feed, and answer whoever asks, until told to stop.

    Returns how far it came. Raises `Busy` when another process has the file, and `Gap` when the
    feed skips positions: nothing is projected beyond a gap.
    """
    with owning(folder, open_feed) as owner:
        positions = owner.bring_up(progress)
        while not stopping.is_set():
            before, positions = positions, owner.bring_up(progress)
            if on_positions is not None:
                on_positions(positions)
            if positions == before:
                stopping.wait(IDLE_SECONDS)
        return positions
