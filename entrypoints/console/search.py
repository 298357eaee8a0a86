"""What is searched for: a line of qualifiers, read into conditions on calls.

`agent:agent-1 from:2026-03-28 transferred:yes` is such a line; a word without a qualifier is the
beginning of a call's id. The line is the address of the page, and so the whole state of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain.vocabulary import Phase
from entrypoints.ui.period import since, until
from infra.errors import WRONG_USAGE, LedgerError
from projections.reports.call_filters import CONDITIONS, YES_OR_NO, condition

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

LONGEST: Final = 500

YES_AND_NO: Final = {"yes": True, "no": False, "sì": True, "si": True}
"""The words that a reader of either language writes."""

TIMES: Final = {"from": "entered_at >= ${}", "to": "entered_at < ${}"}
"""The period, which on the command line and over HTTP is asked for apart from the filters."""


class NotUnderstood(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A part of the line means nothing; `part` is what."""

    exit_code = WRONG_USAGE

    def __init__(self, part: str) -> None:
        super().__init__(f"{part!r} is no qualifier with its value: see the examples.")
        self.part = part


@dataclass(frozen=True)
class Search:
    """The parts of a line in their order: qualifier and value; of a call's id it is `call`."""

    parts: tuple[tuple[str, str], ...]
    time_zone: str = "UTC"

    @property
    def line(self) -> str:
        """The line again, in one form for each search."""
        return " ".join(written(*part) for part in self.parts)

    def value(self, qualifier: str) -> str:
        """What it asks for by this qualifier; nothing where it does not."""
        return next((value for name, value in self.parts if name == qualifier), "")

    def with_part(self, qualifier: str, value: str) -> str:
        """The line with this value instead of another one."""
        return Search((*self._others(qualifier), (qualifier, value))).line

    def without(self, *qualifiers: str) -> str:
        """The line without these qualifiers."""
        return Search(self._others(*qualifiers)).line

    def _others(self, *qualifiers: str) -> tuple[tuple[str, str], ...]:
        return tuple(part for part in self.parts if part[0] not in qualifiers)

    def conditions(self) -> tuple[list[str], dict[str, Value]]:
        """The conditions on a row of `calls`, with their parameters. Raises `NotUnderstood`."""
        conditions: list[str] = []
        parameters: dict[str, Value] = {}
        for number, (qualifier, value) in enumerate(self.parts):
            name = f"asked_{number}"
            if qualifier == "call":
                conditions.append(f"starts_with(call_id, ${name})")
            elif qualifier in TIMES:
                conditions.append(TIMES[qualifier].format(name))
            else:
                conditions.append(condition(qualifier, name))
            parameters[name] = self._read(qualifier, value)
        return conditions, parameters

    def _read(self, qualifier: str, value: str) -> Any:
        """The value as the tables have it."""
        read: dict[str, Callable[[str], Any]] = {
            "from": lambda text: since(text, self.time_zone),
            "to": lambda text: until(text, self.time_zone),
            "phase": lambda text: Phase(text.lower().replace("-", "_")).value,
            **dict.fromkeys(YES_OR_NO, lambda text: YES_AND_NO[text.lower()]),
        }
        from typer import BadParameter

        try:
            return read.get(qualifier, str)(value)
        except (BadParameter, ValueError, KeyError):
            raise NotUnderstood(written(qualifier, value)) from None


def search_of(line: str, time_zone: str = "UTC") -> Search:
    """Read a line. Raises `NotUnderstood` for what is no qualifier, or has no value."""
    if len(line) > LONGEST:
        raise NotUnderstood(f"{line[:40]}…")
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.quotes, lexer.escape, lexer.commenters = True, '"', "", ""
    try:
        words = list(lexer)
    except ValueError:
        raise NotUnderstood(line) from None
    parts: list[tuple[str, str]] = []
    for word in words:
        qualifier, colon, value = word.partition(":")
        if not colon:
            parts.append(("call", word))
        elif qualifier.lower() in CONDITIONS.keys() | TIMES.keys() and value:
            parts.append((qualifier.lower(), value))
        elif qualifier == "call" and value:
            parts.append(("call", value))
        else:
            raise NotUnderstood(word)
    return Search(tuple(parts), time_zone)


def written(qualifier: str, value: str) -> str:
    """One part as a line has it; quotation marks hold what has spaces together."""
    plain = value.replace('"', "")
    is_one_word = plain and not any(sign.isspace() for sign in plain)
    text = plain if is_one_word else f'"{plain}"'
    return f"{qualifier}:{text}"
