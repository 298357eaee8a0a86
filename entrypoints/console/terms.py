"""The words of the ledger that pages name in the reader's language, each kind by its own.

A word may be another one in another kind: what is `ended` of a call is not so of a conference.
"""

from __future__ import annotations

from typing import Final

from domain.commands import COMMAND_CLASSES
from domain.rules import RULES
from domain.vocabulary import Phase, Role, Via
from entrypoints.console.find import FACETS
from entrypoints.http.keys import ApiRole

ACTIONS: Final = tuple(
    one.model_fields["type"].default.removeprefix("call.").rpartition(".v")[0]
    for one in COMMAND_CLASSES
)

TERMS: Final[dict[str, tuple[str, ...]]] = {
    "action": ACTIONS,
    "answer": ("yes", "no"),
    "facet": FACETS,
    "phase": tuple(Phase),
    "role": tuple(Role),
    "role of a key": tuple(ApiRole),
    "via": tuple(Via),
}
"""Each kind with its words, as `Words.term` is asked for them."""

SENTENCES: Final = tuple(rule.sentence for rule in RULES)
"""Whole sentences that stand in the ledger's own data."""
