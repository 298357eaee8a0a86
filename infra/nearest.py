"""The nearest of the names that there are, for whoever wrote one that there is not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

LONGEST: Final = 200
"""Characters that are compared: what is longer is no name with a slip."""


def nearest(written: str, known: Iterable[str]) -> str | None:
    """The known name nearest to the one written, whatever its capitals; none where none is near."""
    by_small_letters = {name.casefold(): name for name in known}
    found = get_close_matches(written[:LONGEST].casefold(), by_small_letters, n=1)
    return by_small_letters[found[0]] if found else None


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A question that follows a sentence and names the nearest; nothing where none is near."""
    found = nearest(written, known)
    return f" Did you mean {found}?" if found else ""
