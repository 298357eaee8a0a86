"""The words of the ledger that pages name in the reader's language, each kind by its own.

A word may be another one in another kind: what is `ended` of a call is not so of a conference.
"""

from __future__ import annotations

from typing import Final

from domain.rights import ACTIONS
from domain.rule import LEDGER, SIBLING, KeptBy
from domain.rules import RULES
from domain.vocabulary import Phase, Role, Via
from entrypoints.cli.status import LAG
from entrypoints.console import report_words
from entrypoints.console.access_page import MORE_OPERATIONS
from entrypoints.console.find import FACETS
from entrypoints.http.keys import ApiRole
from entrypoints.http.permissions import PERMISSIONS
from entrypoints.timeline.lanes import MarkKind, State
from projections.rebuild import Step

TERMS: Final[dict[str, tuple[str, ...]]] = {
    **report_words.CLOSED,
    "action": ACTIONS,
    "answer": ("yes", "no"),
    "exit reason": report_words.EXIT_REASONS,
    "facet": FACETS,
    "figure": report_words.FIGURES,
    "filter": ("from", "to"),
    "grouping": report_words.GROUPINGS,
    "kept by": tuple(KeptBy),
    "mark": tuple(MarkKind),
    "operation": (*PERMISSIONS, *MORE_OPERATIONS),
    "page": (SIBLING, LEDGER),
    "phase": tuple(Phase),
    "role": tuple(Role),
    "role of a key": tuple(ApiRole),
    "lag": LAG,
    "state": tuple(State),
    "state of an entry": ("waiting", "retried", "discarded", "read"),
    "step": tuple(Step),
    "state of a key": ("valid", "revoked", "expired"),
    "via": tuple(Via),
}
"""Each kind with its words, as `Words.term` is asked for them."""

SENTENCES: Final = (*(rule.sentence for rule in RULES), *report_words.SENTENCES)
"""Whole sentences that stand in the ledger's own data."""
