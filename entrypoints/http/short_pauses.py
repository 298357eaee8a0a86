"""A server's pauses for cycles of objects, kept short while it answers."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from infra.cycles import A_FEW_OBJECTS_AT_A_TIME


@contextmanager
def short_pauses() -> Iterator[None]:
    """For as long as this lasts no look at new objects takes more than a few milliseconds."""
    before = gc.get_threshold()
    gc.set_threshold(*A_FEW_OBJECTS_AT_A_TIME)
    try:
        yield
    finally:
        gc.set_threshold(*before)
