"""What may be set from outside, turned from words into what it names."""

from __future__ import annotations

from domain.rule_sets import RULE_SETS, RuleSet
from infra.folder import LedgerError


def rule_set_named(name: str) -> RuleSet:
    """The rule set of that name. Raises `LedgerError` when there is none."""
    found = RULE_SETS.get(name)
    if found is None:
        raise LedgerError(f"There is no rule set {name!r}: choose {' or '.join(RULE_SETS)}.")
    return found
