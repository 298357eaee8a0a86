"""Several ledgers: where each is, and to which of them a call belongs.

They are named in one file, `ledgers.toml`, which every process of a company reads. A call belongs
to one of them by a rule that looks at its source and id alone, so the answer is the same everywhere
and for ever, as long as the rule is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.errors import FINDING, WRONG_USAGE, LedgerError
from infra.ledger_rules import RULE, ByHash, BySource, Place


class WrongLedgers(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The file of the ledgers cannot be read, or does not say for each call where it belongs."""

    exit_code = WRONG_USAGE


class WrongLedger(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Something is of another ledger than the one that it came to."""

    exit_code = FINDING


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The ledgers of a company."""

    file: Path
    rule: BySource | ByHash

    @property
    def places(self) -> Mapping[str, Place]:
        """Where each is, by its name, in the order of the file."""
        return self.rule.ledgers

    @property
    def members(self) -> list[Member]:
        """Each of them."""
        return [Member(name, self) for name in self.places]

    def member(self, name: str) -> Member:
        """One of them. Raises `WrongLedgers` where none has that name."""
        if name not in self.places:
            raise WrongLedgers(
                f"{self.file} names no ledger {name!r}: its ledgers are {', '.join(self.places)}."
            )
        return Member(name, self)


@dataclass(frozen=True, slots=True)
class Member:
    """One ledger among several."""

    name: str
    ledgers: Ledgers

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.ledgers.places[self.name]

    @property
    def folder(self) -> Path:
        """The folder of its tables."""
        return self.ledgers.file.parent / (self.place.folder or self.name)

    def home_of(self, source: str, call_id: str) -> str | None:
        """The name of the ledger that a call belongs to; nothing where it belongs to none."""
        return self.ledgers.rule.ledger_of(source, call_id)

    def sentence_for(self, source: str, call_id: str) -> str:
        """Why nothing is done here with a call of another ledger, with the next step."""
        home = self.home_of(source, call_id)
        if home is None:
            return (
                f"Calls of source {source} belong to no ledger: name the source in "
                f"{self.ledgers.file.name}, or a ledger that is the default."
            )
        return f"The call belongs to ledger {home}, and this is {self.name}: ask {home}."


def read_ledgers(file: Path) -> Ledgers:
    """Read the file. Raises `WrongLedgers` with one sentence."""
    try:
        read = tomllib.loads(file.read_text("utf-8"))
        ledgers = Ledgers(file, RULE.validate_python(read))
    except OSError as error:
        raise WrongLedgers(
            f"{file} cannot be read ({error.strerror}): name the file of the ledgers by "
            "CALL_LEDGER_LEDGERS or --ledgers."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongLedgers(f"{file} is no TOML: {error}; correct it.") from None
    except ValidationError as error:
        raise WrongLedgers(f"{file} is not right: {first_of(error)}; correct it.") from None
    check_apart(ledgers)
    return ledgers


def first_of(error: ValidationError) -> str:
    """The first thing that is wrong, and where; never the value, which may be secret."""
    wrong: Any = error.errors(include_url=False, include_input=False)[0]
    if wrong["type"].startswith("union_tag"):
        return "by must be source or hash"
    # The rule's kind comes first, and a key that is wrong itself is told apart at the end.
    where = ".".join(str(part) for part in wrong["loc"][1:] if part != "[key]")
    sentence = wrong["msg"].removeprefix("Value error, ")
    return f"{where}: {sentence}" if where else sentence


def check_apart(ledgers: Ledgers) -> None:
    """Refuse two ledgers in one place: each would take the other's calls for its own."""
    servers = {name: place for name, place in ledgers.places.items() if place.store != "sqlite"}
    for what, places in (
        ("folder", {member.name: member.folder.resolve() for member in ledgers.members}),
        ("store", {name: place.store for name, place in servers.items()}),
    ):
        seen: dict[object, str] = {}
        for name, place in places.items():
            if (other := seen.setdefault(place, name)) != name:
                raise WrongLedgers(
                    f"{ledgers.file} is not right: {other} and {name} have the same {what}; "
                    "give each its own."
                )
