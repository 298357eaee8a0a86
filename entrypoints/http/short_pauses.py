"""How long Python stops all threads at a time to look for cycles of objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (5_000, 1_000, 100)
"""After so many new objects cycles are looked for among these: in 100,000, as the rest of the
command line has it, that takes 50 ms, for which every caller waits. All that got old is looked
through as seldom as there, and the work is the same: each object is looked at once while new."""


@contextmanager
def short_pauses() -> Iterator[None]:
    """For as long as this lasts no look at new objects takes more than a few milliseconds."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
