"""What of a call is still going on when its record was taken.

A source that is polled gives a call again with more in it. Until then its last activities are
not over, and what they will have been is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from importers.webex_order import CONSULT_STATES, CUSTOMER_STATES, Placed

GOING_ON: Final = (CUSTOMER_STATES | CONSULT_STATES) - {"ended"}
"""States of a call that has not ended."""


def parents_end(placed: tuple[Placed, ...]) -> int | None:
    """Which `ended` is the call's own, where the record has two.

    It is one after which nothing goes on: of these the one that a wrap-up follows at once,
    or else the last.
    """
    candidates: list[int] = []
    for position in reversed(range(len(placed))):
        if placed[position].name in GOING_ON:
            break
        if placed[position].name == "ended":
            candidates.append(position)
    for position in reversed(candidates):
        following = [one.name for one in placed[position + 1 : position + 2]]
        if following == ["WrapUp"]:
            return position
    return candidates[0] if candidates else None


def going_on(placed: Sequence[Placed], end: int | None) -> frozenset[int]:
    """The positions of the activities that are not over, of a record that has durations.

    One without a duration is over all the same where the next of its side has begun, or where
    the call has ended, as in a record that never got one. A wrap-up outlasts both. An `ended` that
    may be the child's says nothing of the customer.
    """
    if end is not None and is_childs_perhaps(placed, end):
        end = None
    positions: set[int] = set()
    followed: set[str | None] = set()
    has_left_queue = any(one.name == "optOutOfQueue" for one in placed)
    for position in reversed(range(len(placed))):
        one = placed[position]
        side = side_of(one)
        is_over = (
            one.activity.duration_ms is not None
            or side in followed
            or (one.name == "parked" and has_left_queue)
            or (one.name != "WrapUp" and end is not None and position < end)
        )
        if not is_over:
            positions.add(position)
        if side is not None and not (one.name == "ended" and is_childs_perhaps(placed, position)):
            followed.add(side)
    return frozenset(positions)


def side_of(placed: Placed) -> str | None:
    """Whose states follow each other: the customer's, the consult's or its child's; or neither."""
    if placed.of_child:
        return "child"
    if placed.name in CUSTOMER_STATES:
        return "customer"
    return "consult" if placed.name in CONSULT_STATES else None


def is_childs_perhaps(placed: Sequence[Placed], end: int) -> bool:
    """Whether this `ended` may turn out to be that of a consult to an entry point.

    It cannot where there is no child, or where a wrap-up follows it at once.
    """
    has_child = any(one.of_child for one in placed[:end])
    return has_child and [one.name for one in placed[end + 1 : end + 2]] != ["WrapUp"]
