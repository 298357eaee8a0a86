"""The parameters that may differ from one contact centre to the next; the rules do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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


SEED: Final = RuleSet("seed", members_limit=3, owner_may_leave=False, consult_in_conference=False)
MULTI_PARTY: Final = RuleSet(
    "multi-party", members_limit=8, owner_may_leave=True, consult_in_conference=True
)

RULE_SETS: Final[dict[str, RuleSet]] = {rules.name: rules for rules in (SEED, MULTI_PARTY)}
