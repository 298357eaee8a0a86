"""Whether a store has each table and index that it needs, in words with the way on."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

RESTORE: Final = "restore the event store from its last backup"
MADE: Final = re.compile(r"CREATE (?:TABLE|INDEX|SEQUENCE) (\w+)")


def made_by(statements: str) -> list[str]:
    """The names of the tables, indexes and sequences that the statements make."""
    return MADE.findall(statements)


def what_is_missing(needed: Sequence[str], there: Collection[str], statements: str) -> str:
    """Which of the needed names is not there, and what to do; empty where all are."""
    missing = {name: statement_of(name, statements) for name in needed if name not in there}
    for name, statement in missing.items():
        if statement is None:
            return f"{name} is missing: {RESTORE}"
    # What an index of its own says is in its table, so it can be made again.
    for name, statement in missing.items():
        return f"{name} is missing: make it again by `{statement}`"
    return ""


def statement_of(name: str, statements: str) -> str | None:
    """The statement that makes an index, where it has one of its own."""
    found = re.search(rf"CREATE INDEX {name} [^;]+", statements)
    return found and found[0]
