"""Durations as people write them, 30s, 10m, 6h, 1d, and as they read them: 12:30."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from decimal import Decimal

UNITS_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> float:
    """A duration such as 10m in seconds. Raises `BadParameter`."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration: say 30s, 10m, 6h or 1d.")
    return float(found[1]) * UNITS_SECONDS[found[2]]


def as_clock(seconds: float | Decimal, decimal_sign: str = ".") -> str:
    """A duration as a clock shows it: 0:07, 12:30, 1:02:03, and 0:04.43 below ten seconds."""
    hundredths = round(float(seconds) * 100)
    if hundredths < 1000 and hundredths % 100:
        return f"0:{hundredths // 100:02}{decimal_sign}{hundredths % 100:02}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
