"""A DuckDB file with bytes that DuckDB did not write: how it is known, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from projections.errors import FileDamaged

DAMAGE: Final = ("Corrupt database file", "Could not read enough bytes")
"""How DuckDB says that it read what it did not write, at once or only when it comes to it."""


def is_damage(error: Exception) -> bool:
    """Whether an error comes from a file that is cut short or was written over."""
    return any(words in str(error) for words in DAMAGE)


def damaged(path: Path, aside: Path | None = None) -> FileDamaged:
    """The error for a damaged file."""
    kept = f": it is kept as {aside.name}, and made anew from the store" if aside else ""
    return FileDamaged(f"{path.name} was damaged{kept}.")
