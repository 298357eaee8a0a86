"""The parameters that may differ from one contact centre to the next; the rules do not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from domain.rights import NO_CHANGES, Changes
from domain.vocabulary import Phase, Role


@dataclass(frozen=True)
class RuleSet:
    """A named choice of parameters."""

    name: str
    members_limit: int
    """How many may be in a conference, the customer included (Q7)."""
    owner_may_leave: bool
    """Whether the owner may exit; the agent longest in the call then owns it (Q6)."""
    consult_in_conference: bool
    """Whether the owner may consult a further party from within a conference (Q7, C1)."""
    wrap_up_extensions: int = 1
    """How often an agent may extend one wrap-up (W8)."""
    default_reason: str = "default"
    """The reason applied when the wrap-up's time is out (W7)."""

    @property
    def changes(self) -> Changes:
        """The cells of the role × phase table that are otherwise under this rule set: none."""
        return NO_CHANGES


@dataclass(frozen=True)
class ChangedRuleSet(RuleSet):
    """A rule set that nobody records by, to ask what would have been decided under it."""

    cells: tuple[tuple[Role, Phase, str, str], ...] = ()
    """Role, phase, action and verdict of each cell that is otherwise."""

    @cached_property
    def changes(self) -> Changes:
        """The changed cells, to be looked up."""
        return {(role, phase, action): verdict for role, phase, action, verdict in self.cells}


SEED: Final = RuleSet("seed", members_limit=3, owner_may_leave=False, consult_in_conference=False)
MULTI_PARTY: Final = RuleSet(
    "multi-party", members_limit=8, owner_may_leave=True, consult_in_conference=True
)

RULE_SETS: Final[dict[str, RuleSet]] = {rules.name: rules for rules in (SEED, MULTI_PARTY)}
