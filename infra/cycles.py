"""How often Python stops all threads to look for cycles of objects that nobody needs any more."""

from __future__ import annotations

from typing import Final

SELDOM: Final = (100_000, 50, 100)
"""Commands, events and calls hold no cycles: looking for some at every 700 objects only costs."""

A_FEW_OBJECTS_AT_A_TIME: Final = (5_000, 1_000, 100)
"""Of a server: to look through 100,000 new objects takes 50 ms, for which every caller waits. All
that got old is looked through as seldom as above, and the work is the same: each object is looked
at once while new."""
