"""Progress of long work on standard error, where it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Moved(Protocol):
    """Told how much is done, and of how much where that is known; and what is done, if other."""

    def __call__(self, done: int, total: int | None, /, doing: str | None = None) -> None: ...


@contextmanager
def progress(doing: str, unit: str) -> Iterator[Moved]:
    """Show a bar, its rate and the remaining time for as long as this lasts, to who watches."""
    if not sys.stderr.isatty():
        yield lambda _done, _total, /, doing=None: None  # noqa: ARG005 - nobody watches
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: object) -> Text:
            speed = getattr(task, "speed", None)
            return Text(f"{speed:,.0f} {unit}/s" if speed else "")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} " + unit),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def moved(done: int, total: int | None, /, doing: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=doing)

        yield moved
