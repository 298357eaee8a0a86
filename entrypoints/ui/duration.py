"""Durations as people write them: 30s, 10m, 6h, 1d."""

from __future__ import annotations

import re
from typing import Final

import typer

UNITS_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> float:
    """A duration such as 10m in seconds. Raises `BadParameter`."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration: say 30s, 10m, 6h or 1d.")
    return float(found[1]) * UNITS_SECONDS[found[2]]
