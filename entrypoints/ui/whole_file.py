"""A file that has its name only once all of it is written, as on a disk that may be full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

from infra.errors import NOT_DONE, LedgerError

NO_PLACE: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
"""What is wrong with the name that was given, and not with the machine."""


class FileNotWritten(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The machine could not take the file; nothing of it is left, and what was there still is."""

    exit_code = NOT_DONE


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write what gets its name when all of it is there, in the place of what had it.

    What is no file, such as a pipe, is written as it is. Raises `typer.BadParameter` where
    nothing can be written by that name, and `FileNotWritten` where there is no room, for example.
    """
    is_no_file = path.exists() and not path.is_file()
    target = path.resolve()
    beside = path if is_no_file else target.with_name(f"{target.name}.unfinished")
    try:
        try:
            yield beside
            if not is_no_file:
                beside.replace(target)
        finally:
            if not is_no_file:
                beside.unlink(missing_ok=True)
    except NO_PLACE as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror or error}.") from None
    except OSError as error:
        raise FileNotWritten(
            f"{path} was not written, and nothing of it is left: {error.strerror or error}. Free "
            "some space there, or name a file in another place."
        ) from None
