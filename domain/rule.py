"""The shape of a rule: where it comes from, what it says, and what keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.guards import Question


class KeptBy(StrEnum):
    """What makes a rule hold."""

    TABLE = "the role and phase table"
    GUARD = "a guard"
    EFFECT = "what an allowed command makes happen"
    RECORD = "what is recorded"


@dataclass(frozen=True, slots=True)
class Guard:
    """A predicate, and the actions that are asked it."""

    broken: Callable[[Question], bool]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the rules table."""

    id: str
    page: str
    """The page's own words, or the rules this reading stands beside."""
    sentence: str
    kept_by: KeptBy
    guards: tuple[Guard, ...] = ()


def table(rule_id: str, page: str, sentence: str) -> Rule:
    """A rule that the role × phase table keeps."""
    return Rule(rule_id, page, sentence, KeptBy.TABLE)


def guard(rule_id: str, page: str, sentence: str, *guards: Guard) -> Rule:
    """A rule that a predicate keeps, beside the table."""
    return Rule(rule_id, page, sentence, KeptBy.GUARD, guards)


def effect(rule_id: str, page: str, sentence: str) -> Rule:
    """A rule that says what an allowed command makes happen."""
    return Rule(rule_id, page, sentence, KeptBy.EFFECT)


def record(rule_id: str, page: str, sentence: str) -> Rule:
    """A rule that says what is written down."""
    return Rule(rule_id, page, sentence, KeptBy.RECORD)


SIBLING: Final = "sibling page"
LEDGER: Final = "the ledger's own"
