"""Colours, patterns and shapes of the picture.

The colours are those of Okabe and Ito, which people with any colour vision tell apart; each
state but talk has a pattern too, so it reads in grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from entrypoints.timeline.lanes import MarkKind, State


@dataclass(frozen=True, slots=True)
class Paint:
    """How a state is filled: its colour, the strokes of an 8 × 8 tile over it, its ink for text."""

    colour: str
    strokes: str = ""
    ink: str = "#1b1b1b"


STATES: Final[dict[State, Paint]] = {
    State.WAITING: Paint("#d9d9d9", "M4 4h.01"),
    State.RINGING: Paint("#f0e442", "M2 0v8"),
    State.TALK: Paint("#009e73", ink="#ffffff"),
    State.HOLD: Paint("#e69f00", "M-2 2l4-4M0 8l8-8M6 10l4-4"),
    State.CONSULT: Paint("#56b4e9", "M-2 6l4 4M0 0l8 8M6-2l4 4"),
    State.CONFERENCE: Paint("#0072b2", "M0 4h8M4 0v8", "#ffffff"),
    State.WRAP_UP_ASSIST: Paint("#cc79a7", "M0 0l8 8M0 8l8-8"),
    State.WRAP_UP: Paint("#b9a6d6", "M0 2h8M0 6h8"),
}

EXIT: Final = "M-4-4L4 4M-4 4L4-4"
TRIANGLE: Final = "M-4-5L5 0L-4 5Z"
DIAMOND: Final = "M0-5L5 0L0 5L-5 0Z"
SQUARE: Final = "M-4-4H4V4H-4Z"
TICK: Final = "M-5 0L-1 4L5-4"
PLUS: Final = "M-5 0H5M0-5V5"
PENCIL: Final = "M-5 5L-3 0L3-6L6-3L0 3Z"
POINT: Final = "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0Z"
EXCLAMATION: Final = "M0-6V1M0 4V5.5"

MARKS: Final[dict[MarkKind, tuple[str, str, str]]] = {
    MarkKind.OFFER: (DIAMOND, "#f0e442", "#1b1b1b"),
    MarkKind.OFFER_LOST: (DIAMOND, "#ffffff", "#1b1b1b"),
    MarkKind.TRANSFER_REQUESTED: (TRIANGLE, "#ffffff", "#1b1b1b"),
    MarkKind.TRANSFER_ACCEPTED: (TRIANGLE, "#1b1b1b", "#1b1b1b"),
    MarkKind.TRANSFER_LOST: (TRIANGLE, "#ffffff", "#d55e00"),
    MarkKind.EXIT: (EXIT, "none", "#1b1b1b"),
    MarkKind.REASON: (TICK, "none", "#1b1b1b"),
    MarkKind.EXTENSION: (PLUS, "none", "#1b1b1b"),
    MarkKind.CORRECTION: (PENCIL, "#ffffff", "#1b1b1b"),
    MarkKind.NOTE: (POINT, "#1b1b1b", "#1b1b1b"),
    MarkKind.INCOMPLETE: (SQUARE, "#ffffff", "#d55e00"),
    MarkKind.RULE_BROKEN: (EXCLAMATION, "none", "#d55e00"),
}
"""Each mark's path around its place, its fill and its line."""
