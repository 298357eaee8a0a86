"""What comes into the read side's tables, and how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import pyarrow as pa


class Events(Protocol):
    """Recorded events in order: what a feed yields, in lists or in Arrow's columns."""

    @property
    def positions(self) -> Sequence[int]: ...
    @property
    def call_positions(self) -> Sequence[int] | pa.ChunkedArray: ...
    @property
    def documents(self) -> Sequence[bytes] | pa.ChunkedArray: ...


class Refusals(Protocol):
    """Kept refusals in order: what a feed yields beside the events."""

    @property
    def numbers(self) -> Sequence[int]: ...
    @property
    def documents(self) -> Sequence[bytes]: ...


class Positions(NamedTuple):
    """How far the file is: events and refusals taken in, and events the models show."""

    position: int
    refusal_number: int
    projected_position: int
    projected_refusal_number: int


class Difference(NamedTuple):
    """A table that came out of a rebuild other than it was: rows before and after."""

    table: str
    rows_before: int
    rows_after: int
