"""Given, when, then: a call's tests in the words of the rules.

    given(*connected()).when(hold()).then("held")
    given(*conference()).when(hold()).refused_by("R7")

What is given are commands that must all be allowed; what follows is read off the decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.call import Call
from domain.commands import Command
from domain.decide import Decided, Refused, decide, observe
from domain.event import Event
from domain.rule_sets import SEED, RuleSet

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def command(command_class: type[Command], actor: str, **fields: Any) -> Command:
    """Build a command of the one call of these tests; only its meaning differs."""
    envelope = {
        "command_id": UUID(int=1),
        "source": "test",
        "call_id": "call-1",
        "occurred_at": NOON,
    }
    return command_class.model_validate({**envelope, "actor": actor, **fields})


def short_type(event: Event) -> str:
    """The event's type without prefix and version: `held` for `call.held.v1`."""
    return event.type.removeprefix("call.").removesuffix(".v1")


@dataclass(frozen=True)
class Outcome:
    """What came of the last command."""

    before: Call
    decision: Decided | Refused

    @property
    def decided(self) -> Decided:
        assert isinstance(self.decision, Decided), self.decision
        return self.decision

    @property
    def call(self) -> Call:
        return self.decided.call

    @property
    def events(self) -> tuple[Event, ...]:
        return self.decided.events

    def then(self, *types: str) -> Outcome:
        """Exactly these events happened, in this order."""
        assert tuple(short_type(event) for event in self.events) == types
        return self

    def with_fields(self, type_name: str, **fields: Any) -> Outcome:
        """Some event of this type carries these values."""
        found = [event for event in self.events if short_type(event) == type_name]
        assert found, f"no {type_name} among {[short_type(event) for event in self.events]}"
        shown = [{name: getattr(event, name) for name in fields} for event in found]
        assert fields in shown, shown
        return self

    def refused_by(self, rule: str) -> Outcome:
        """The command was refused, by this rule and no other."""
        assert isinstance(self.decision, Refused), self.decision.events
        assert self.decision.rule == rule
        return self

    def recorded_although(self, *rules: str) -> Outcome:
        """The observation was recorded, and says that it broke exactly these rules."""
        assert self.decided.rules_broken == rules
        return self

    def leaves(self, phase: str) -> Outcome:
        """The call is in this phase afterwards."""
        assert self.call.phase == phase
        return self


@dataclass(frozen=True)
class Given:
    """A call after commands that were all allowed."""

    rules: RuleSet = SEED
    call: Call = field(default_factory=Call)

    def when(self, asked: Command) -> Outcome:
        """Ask through the door of commands."""
        return Outcome(self.call, decide(self.call, asked, self.rules))

    def when_observed(self, reported: Command) -> Outcome:
        """Report through the door of observations."""
        return Outcome(self.call, observe(self.call, reported, self.rules))

    def and_observed(self, *reported: Command) -> Given:
        """Go on from what another system reports."""
        call = self.call
        for one in reported:
            call = observe(call, one, self.rules).call
        return Given(self.rules, call)


def given(*asked: Command, rules: RuleSet = SEED) -> Given:
    """A call in which these commands were allowed, one after the other."""
    call = Call()
    for one in asked:
        decision = decide(call, one, rules)
        assert isinstance(decision, Decided), (one.action, one.actor, decision)
        call = decision.call
    return Given(rules, call)
