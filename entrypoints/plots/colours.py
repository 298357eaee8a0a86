"""The colours of a plot, on paper and on a dark screen.

The hues are those of Okabe and Ito, which people with any colour vision tell apart. A hue says of
which kind a figure is, and so does the figure's name: nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from entrypoints.plots.figures import Kind


@dataclass(frozen=True, slots=True)
class Colours:
    """What is drawn in which colour."""

    paper: str
    ink: str
    faint_ink: str
    """For what is read second: at least 4.5 : 1 on the paper."""
    line: str
    fills: Mapping[Kind, str]
    """At least 3 : 1 on the paper."""


LIGHT: Final = Colours(
    "#ffffff",
    "#1b1b1b",
    "#5a6067",
    "#dfe2e6",
    {
        Kind.COUNT: "#0072b2",
        Kind.TIME_IN_ALL: "#009e73",
        Kind.TIME_OF_ONE: "#d55e00",
        Kind.SHARE: "#b8608f",
    },
)
DARK: Final = Colours(
    "#14171a",
    "#eceef0",
    "#a3abb3",
    "#353b41",
    {
        Kind.COUNT: "#56b4e9",
        Kind.TIME_IN_ALL: "#1fb58a",
        Kind.TIME_OF_ONE: "#e69f00",
        Kind.SHARE: "#cc79a7",
    },
)


def colours_of(is_dark: bool) -> Colours:
    """Those for a dark screen, or for paper."""
    return DARK if is_dark else LIGHT
