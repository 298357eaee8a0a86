"""What kind a figure is of, and its values in the words of the terminal's tables."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from entrypoints.ui.output import is_in_seconds, shown


class Kind(StrEnum):
    """What may share a scale."""

    COUNT = "count"
    TIME_IN_ALL = "time in all"
    TIME_OF_ONE = "time of one"
    SHARE = "share"


OF_ONE: Final = ("mean_", "longest_")


def kind_of(name: str) -> Kind:
    """The kind, by the name: it ends in the unit."""
    if name.endswith(("_share", "_rate")) or "_rate_" in name:
        return Kind.SHARE
    if is_in_seconds(name):
        return Kind.TIME_OF_ONE if name.startswith(OF_ONE) else Kind.TIME_IN_ALL
    return Kind.COUNT


def in_words(value: Any, kind: Kind) -> str:
    """A value with its unit, as a table shows it; nothing known is a dash."""
    match kind:
        case Kind.SHARE:
            return shown(None if value is None else float(value), "_share")
        case Kind.COUNT:
            return shown(value)
        case Kind.TIME_IN_ALL | Kind.TIME_OF_ONE:
            return shown(value, "_seconds")


def number(value: Any) -> float | None:
    """A value as a number to be drawn."""
    return float(value) if isinstance(value, int | float | Decimal) else None
