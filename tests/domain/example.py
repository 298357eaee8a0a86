"""What an example of a rule is, and the stories that several of them begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.commands import Command
from domain.rule_sets import SEED, RuleSet
from domain.vocabulary import CUSTOMER, TargetKind
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3, Story


@dataclass(frozen=True)
class Allowed:
    """After the story the command gives exactly these events, with these values among them."""

    story: Story
    asked: Command
    then: str
    shows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    leaves: str | None = None
    rules: RuleSet = SEED


@dataclass(frozen=True)
class Refused:
    """After the story the command is refused: by the rule itself, or by the one it leans on."""

    story: Story
    asked: Command
    by: str | None = None
    rules: RuleSet = SEED


Example = Allowed | Refused

MEMBER_GONE: Story = (*s.conference(), s.exit_call(A2))
WITH_REASON: Story = (*s.conference_request(), s.apply_wrap_up())
ASSIST_BY_CONSULT: Story = (*s.consulting(), s.leave())
EXTERNAL: Story = (
    *s.consult_asked(s.NUMBER, TargetKind.DIAL_NUMBER),
    s.answer_consult("external-1"),
)
AGENT, QUEUE = TargetKind.AGENT, TargetKind.QUEUE
END_OF_CONFERENCE = "conference-ended exited exited exited ended"
CUSTOMER_FIRST = {"exited": {"party": CUSTOMER, "wrap_up_agent": A1, "reason": "customer_left"}}
TWO_STRANGERS_CONSULT: Story = (*s.conference(), s.start_consult(target=A3), s.answer_consult(A3))


def eight_in_conference() -> Story:
    """Customer and seven agents are in conference, and an eighth has answered a consult."""
    agents = [f"agent-{number}" for number in range(3, 9)]
    joined = [
        one
        for agent in agents
        for one in (s.start_consult(target=agent), s.answer_consult(agent), s.start_conference())
    ]
    return (*s.conference(), *joined[:-1])
