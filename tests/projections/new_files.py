"""A new file of tables is a copy of one that was made once in each test process.

To make its tables takes three times as long as to open it, and hundreds of tests begin with one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

from projections.database import FILE_NAME, Projections

make = Projections.__init__


@cache
def file_just_made() -> bytes:
    """What every file begins with."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        made = Projections.__new__(Projections)
        make(made, path)
        made.close()
        return path.read_bytes()


@contextmanager
def copied_files() -> Iterator[None]:
    """Let this process copy new files; those of other models than this version's are made."""

    @wraps(make)
    def begin(self: Projections, path: Path, *arguments: Any, **named: Any) -> None:
        if not path.exists() and "models" not in named and path.parent.is_dir():
            put(path)
        make(self, path, *arguments, **named)

    with patch.object(Projections, "__init__", begin):
        yield


def put(path: Path) -> None:
    """Put a new file there as a whole, unless somebody else has."""
    with suppress(OSError), tempfile.NamedTemporaryFile(dir=path.parent) as file:
        file.write(file_just_made())
        file.flush()
        Path(file.name).chmod(0o644)
        path.hardlink_to(file.name)
