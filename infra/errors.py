"""What can go wrong with a ledger: each error is one sentence with the next step.

Every error class of the project derives from `LedgerError` and carries the exit code with which a
command ends that it stops.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

FINDING: Final = 1
WRONG_USAGE: Final = 2
NOT_DONE: Final = 3


class LedgerError(Exception):
    """Something could not be done with the ledger; the sentence says what, and the next step."""

    exit_code: ClassVar[int] = NOT_DONE


class WrongSetting(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A setting has a value that it cannot have."""

    exit_code = WRONG_USAGE


class LedgerInUse(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Another process writes to the folder."""


class LedgerMissing(LedgerError):  # noqa: N818 - it reads as the state it reports
    """There is no ledger in the folder yet."""


class LedgerUnavailable(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The folder or its files cannot be read or written: permission, space, format, damage."""


def missing(folder: Path) -> LedgerMissing:
    """The error for a folder without a ledger, or for a file in its place."""
    if folder.is_file():
        return LedgerMissing(
            f"{folder} is a file, and a ledger is a folder: name one with --ledger."
        )
    return LedgerMissing(
        f"There is no ledger in {folder}: record a call, run `call-ledger demo`, or name "
        "another folder with --ledger."
    )
