"""Whose tables a command reads: those of a folder, or those that shards have published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.ui.progress import progress

if TYPE_CHECKING:
    from infra.folder import LedgerFolder
    from lake.place import LakePlace
    from projections.serving.read_side import ReadSide

Lake = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        help="Read what call-ledger project --shard has published there, instead of a folder.",
    ),
]


def place_of(where: str) -> LakePlace:
    """The place that was named. Raises `WrongSetting` where the extra is not installed."""
    from infra.errors import WrongSetting

    try:
        from lake.place import LakePlace
    except ImportError:
        raise WrongSetting("Delta tables need the extra: `uv sync --extra lake`.") from None
    return LakePlace.of(where)


@contextmanager
def reading(ledger: LedgerFolder, lake: str | None) -> Iterator[ReadSide]:
    """The tables to be asked, brought up to the store where they follow one."""
    if lake is not None:
        place = place_of(lake)
        from lake.reading import LakeReader
        from lake.table import Lake

        with LakeReader(Lake(place)) as published:
            yield published
        return
    from projections.serving.client import Reader

    with progress("projecting", unit="events") as moved, Reader(ledger, progress=moved) as reader:
        yield reader
