"""Files that name several ledgers, as tests write them."""

from __future__ import annotations

from pathlib import Path

from infra.folder import LedgerFolder
from infra.ledgers import Ledgers, read_ledgers
from infra.postgresql import Postgresql

BY_SOURCE = """
by = "source"
[ledgers.italy]
sources = ["test"]
[ledgers.rest]
default = true
"""


def ledgers_in(folder: Path, text: str = BY_SOURCE) -> Ledgers:
    """The ledgers of a file with this text."""
    file = folder / "ledgers.toml"
    file.write_text(text, encoding="utf-8")
    return read_ledgers(file)


def place_of(ledgers: Ledgers, name: str) -> LedgerFolder:
    """Where one of them is."""
    member = ledgers.member(name)
    store = member.place.store
    return LedgerFolder(member.folder, None if store == "sqlite" else Postgresql(store), member)
