"""Every rule has an example of what it allows and of what it refuses, and they hold."""

from __future__ import annotations

import pytest

from domain.rights import ALLOWED, CELLS, RIGHTS_BY_ROLE
from domain.rule import KeptBy, Rule
from domain.rule_sets import MULTI_PARTY, SEED
from domain.rules import RULES
from domain.rules_hash import hash_of
from tests.domain.example import Allowed, Refused
from tests.domain.examples import EXAMPLES
from tests.domain.specification import given

ALLOWING = [
    pytest.param(one, id=f"{rule}-{number}")
    for rule, examples in EXAMPLES.items()
    for number, one in enumerate(examples, start=1)
    if isinstance(one, Allowed)
]
REFUSING = [
    pytest.param(rule, one, id=f"{rule}-{number}")
    for rule, examples in EXAMPLES.items()
    for number, one in enumerate(examples, start=1)
    if isinstance(one, Refused)
]


@pytest.mark.parametrize("example", ALLOWING)
def test_what_a_rule_allows_happens_as_it_says(example: Allowed) -> None:
    outcome = given(*example.story, rules=example.rules).when(example.asked)
    outcome.then(*example.then.split())
    for event_type, fields in example.shows.items():
        outcome.with_fields(event_type, **fields)
    if example.leaves is not None:
        outcome.leaves(example.leaves)


@pytest.mark.parametrize("example", ALLOWING)
def test_what_is_allowed_breaks_no_rule_when_observed(example: Allowed) -> None:
    before = given(*example.story, rules=example.rules)
    before.when_observed(example.asked).recorded_although().then(*example.then.split())


@pytest.mark.parametrize(("rule", "example"), REFUSING)
def test_what_a_rule_refuses_is_refused_by_it(rule: str, example: Refused) -> None:
    before = given(*example.story, rules=example.rules)
    before.when(example.asked).refused_by(example.by or rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_its_examples(rule: Rule) -> None:
    examples = EXAMPLES[rule.id]
    assert any(isinstance(one, Allowed) for one in examples)
    if rule.kept_by in (KeptBy.TABLE, KeptBy.GUARD):
        assert any(isinstance(one, Refused) for one in examples)


def test_every_rule_that_can_refuse_is_seen_to_refuse() -> None:
    by_table = {cell for cells in CELLS.values() for cell in cells.values()} - {ALLOWED}
    by_guard = {rule.id for rule in RULES if rule.kept_by is KeptBy.GUARD}
    refusing = {
        one.by or rule
        for rule, examples in EXAMPLES.items()
        for one in examples
        if isinstance(one, Refused)
    }
    assert refusing == by_table | by_guard | {RIGHTS_BY_ROLE}


def test_no_rule_is_named_twice_and_no_example_without_a_rule() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert set(EXAMPLES) == set(ids)


def test_each_rule_set_has_a_hash_of_its_own() -> None:
    assert hash_of(SEED) != hash_of(MULTI_PARTY)
    assert all(len(hash_of(rules)) == 16 for rules in (SEED, MULTI_PARTY))
