"""The hash by which an event names the rules that it was judged by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache

from domain.rights import GRIDS
from domain.rule_sets import RuleSet
from domain.rules import RULES


@lru_cache(maxsize=64)
def hash_of(rules: RuleSet) -> str:
    """16 hexadecimal digits over the parameters, the rules and the role × phase table.

    Events carry it beside the rule set's name, so a later change of rules cannot pass for the
    rules by which an event was judged.
    """
    text = json.dumps(
        {
            "parameters": asdict(rules),
            "rules": [(rule.id, rule.sentence) for rule in RULES],
            "table": {role: grid.split() for role, grid in GRIDS.items()},
        },
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]
