"""Every cell of the role × phase table is what the call does, the refusing ones too."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from domain.call import Call
from domain.commands import Command
from domain.decide import Decided, Refused, decide, observe
from domain.rights import ACTIONS, ALLOWED, CELLS, GRIDS, RIGHTS_BY_ROLE
from domain.rule_sets import MULTI_PARTY, SEED, RuleSet
from domain.rules import GUARDS_OF_ACTION
from domain.vocabulary import CUSTOMER, SYSTEM, UNKNOWN, Phase, Role, TargetKind
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3, STRANGER, Story
from tests.domain.specification import given


class Situation(NamedTuple):
    """A way to stand in a role in a phase."""

    story: Story
    actor: str
    rules: RuleSet = SEED
    reported: Story = ()
    """What another system did after it, although a rule forbids it."""

    @property
    def call(self) -> Call:
        call = given(*self.story, rules=self.rules).call
        for one in self.reported:
            call = observe(call, one, self.rules).call
        return call


def asking(action: str, actor: str) -> list[Command]:
    """The ways this actor can ask for an action; which is right depends on the situation."""
    ways = {
        "receive": lambda: [s.receive()],
        "offer": lambda: [s.offer(STRANGER)],
        "answer": lambda: [s.answer(actor)],
        "miss-offer": lambda: [s.miss_offer()],
        "decline-offer": lambda: [s.decline_offer(actor)],
        "abandon": lambda: [s.abandon(actor)],
        "leave": lambda: [s.leave(actor)],
        "hold": lambda: [s.hold(actor)],
        "hold-agent": lambda: [s.hold(actor, party=A2)],
        "resume": lambda: [s.resume(actor)],
        "start-consult": lambda: [s.start_consult(actor, STRANGER)],
        "answer-consult": lambda: [s.answer_consult(actor)],
        "decline-consult": lambda: [s.decline_consult(actor)],
        "cancel-consult": lambda: [s.cancel_consult(actor)],
        "end-consult": lambda: [s.end_consult(actor)],
        "start-conference": lambda: [s.start_conference(actor)],
        "fail-conference": lambda: [s.fail_conference()],
        "request-transfer": lambda: [
            s.request_transfer(actor),
            s.request_transfer(actor, STRANGER, TargetKind.AGENT),
        ],
        "accept-transfer": lambda: [s.accept_transfer(actor)],
        "decline-transfer": lambda: [s.decline_transfer(actor)],
        "withdraw-transfer": lambda: [s.withdraw_transfer(actor)],
        "fail-transfer": lambda: [s.fail_transfer()],
        "exit": lambda: [s.exit_call(actor)],
        "hang-up": lambda: [s.hang_up(actor)],
        "end-conference": lambda: [s.end_conference(actor)],
        "end-call": lambda: [s.end_call(actor)],
        "apply-wrap-up": lambda: [s.apply_wrap_up(actor)],
        "extend-wrap-up": lambda: [s.extend_wrap_up(actor)],
        "apply-default-wrap-up": lambda: [s.apply_default(A1)],
    }
    return [one.model_copy(update={"actor": actor}) for one in ways[action]()]


RETURNED: Story = (
    *s.transferred(),
    s.request_transfer(A2, A1, TargetKind.AGENT),
    s.accept_transfer(A1),
)
"""A1 owns the call again, with the first wrap-up still open."""

THIRD_ASKED: Story = (*s.conference(), s.start_consult(target=A3))
THIRD_ANSWERED: Story = (*THIRD_ASKED, s.answer_consult(A3))
HELD_REQUEST: Story = (*s.blind_request(), s.hold())
TRANSFERRED_HELD: Story = (*s.transferred(), s.hold(A2))
TRANSFERRED_ASKED: Story = (*s.transferred(), s.start_consult(A2, A3))
TRANSFERRED_CONSULTING: Story = (*TRANSFERRED_ASKED, s.answer_consult(A3))
TRANSFERRED_CONFERENCE: Story = (*TRANSFERRED_CONSULTING, s.start_conference(A2))
TRANSFERRED_ASSIST: Story = (*TRANSFERRED_CONFERENCE, s.leave())

AFTER_A_TRANSFER: dict[Phase, Story] = {
    Phase.CONNECTED: s.transferred(),
    Phase.HELD: TRANSFERRED_HELD,
    Phase.CONSULT_ASKED: TRANSFERRED_ASKED,
    Phase.CONSULTING: TRANSFERRED_CONSULTING,
    Phase.CONFERENCE: TRANSFERRED_CONFERENCE,
    Phase.WRAP_UP_ASSIST: TRANSFERRED_ASSIST,
}

SITUATIONS: dict[tuple[Role, Phase], list[Situation]] = {
    (Role.OWNER, Phase.CONNECTED): [
        Situation(s.connected(), A1),
        Situation(s.blind_request(), A1),
    ],
    (Role.OWNER, Phase.HELD): [Situation(s.held(), A1), Situation(HELD_REQUEST, A1)],
    (Role.OWNER, Phase.CONSULT_ASKED): [
        Situation(s.consult_asked(), A1),
        Situation((*RETURNED, s.start_consult(A1, A3)), A1),
    ],
    (Role.OWNER, Phase.CONSULTING): [
        Situation(s.consulting(), A1),
        Situation(s.consult_request(), A1),
    ],
    (Role.OWNER, Phase.CONFERENCE): [
        Situation(s.conference(), A1),
        Situation(s.conference_request(), A1),
        Situation(s.conference(), A1, MULTI_PARTY),
        Situation(THIRD_ASKED, A1, MULTI_PARTY),
        Situation(THIRD_ANSWERED, A1, MULTI_PARTY),
    ],
    (Role.OWNER, Phase.WRAP_UP_ASSIST): [Situation(s.wrap_up_assist(), A1)],
    (Role.CONSULTED, Phase.CONSULTING): [
        Situation(s.consulting(), A2),
        Situation(s.consult_request(), A2),
    ],
    (Role.CONSULTED, Phase.CONFERENCE): [Situation(THIRD_ANSWERED, A3, MULTI_PARTY)],
    (Role.CONSULTED, Phase.WRAP_UP_ASSIST): [Situation((*s.consulting(), s.leave()), A2)],
    (Role.MEMBER, Phase.CONFERENCE): [
        Situation(s.conference(), A2),
        Situation(s.conference_request(), A2),
        Situation(s.conference_of_four(), A3, MULTI_PARTY),
    ],
    (Role.MEMBER, Phase.WRAP_UP_ASSIST): [
        Situation(s.wrap_up_assist(), A2),
        Situation((*s.conference_of_four(), s.leave()), A3, MULTI_PARTY),
    ],
    (Role.INVITED, Phase.QUEUED): [Situation(s.offered(), A1)],
    (Role.INVITED, Phase.CONNECTED): [Situation(s.blind_request(), A2)],
    (Role.INVITED, Phase.HELD): [Situation(HELD_REQUEST, A2)],
    (Role.INVITED, Phase.CONSULT_ASKED): [
        Situation(s.consult_asked(), A2),
        Situation(s.consult_asked("sales", TargetKind.QUEUE), STRANGER),
    ],
    (Role.INVITED, Phase.CONFERENCE): [Situation(THIRD_ASKED, A3, MULTI_PARTY)],
    **{
        (Role.CUSTOMER, phase): [Situation(s.SCENES[phase], CUSTOMER)]
        for phase in Phase
        if phase.value in GRIDS[Role.CUSTOMER].split()
    },
    **{
        (Role.FORMER_OWNER, phase): [Situation(story, A1)]
        for phase, story in AFTER_A_TRANSFER.items()
    },
    # An owner who leaves the customer behind, as other systems allow: the call waits again.
    (Role.FORMER_OWNER, Phase.QUEUED): [
        Situation(s.connected(), A1, reported=(s.exit_call(A1),)),
        Situation(s.waiting_again(), A1),
    ],
    (Role.FORMER_OWNER, Phase.ENDED): [Situation(s.ended(), A1)],
    (Role.FORMER_OWNER, Phase.CLOSED): [Situation(s.closed(), A1)],
    **{(Role.SYSTEM, phase): [Situation(s.SCENES[phase], SYSTEM)] for phase in Phase},
}
for phase_, story_ in AFTER_A_TRANSFER.items():
    SITUATIONS[Role.SYSTEM, phase_].append(Situation(story_, SYSTEM))
SITUATIONS[Role.SYSTEM, Phase.QUEUED].append(Situation(s.offered(), SYSTEM))
for phase_, story_ in {
    Phase.QUEUED: s.waiting_again(),
    Phase.CONNECTED: s.blind_request(),
    Phase.HELD: HELD_REQUEST,
    Phase.CONSULTING: s.consult_request(),
    Phase.CONFERENCE: s.conference_request(),
}.items():
    SITUATIONS[Role.SYSTEM, phase_].append(Situation(story_, SYSTEM))
SITUATIONS[Role.SYSTEM, Phase.CONFERENCE].append(Situation(THIRD_ANSWERED, SYSTEM, MULTI_PARTY))

COLUMNS = list(dict.fromkeys((role, phase) for role in CELLS for _, phase in CELLS[role]))
ALL_CELLS = [(role, phase, action) for role, phase in COLUMNS for action in ACTIONS]


def outcomes(role: Role, phase: Phase, action: str) -> list[Decided | Refused]:
    """What each situation of this role and phase makes of each way to ask for the action."""
    found = []
    for situation in SITUATIONS[role, phase]:
        call = situation.call
        assert call.phase is phase
        found += [decide(call, one, situation.rules) for one in asking(action, situation.actor)]
    return found


@pytest.mark.parametrize(("role", "phase"), COLUMNS)
def test_every_column_can_be_stood_in(role: Role, phase: Phase) -> None:
    for situation in SITUATIONS[role, phase]:
        call = situation.call
        assert (call.role_of(situation.actor), call.phase) == (role, phase)


@pytest.mark.parametrize(("role", "phase", "action"), ALL_CELLS)
def test_the_call_does_what_the_cell_says(role: Role, phase: Phase, action: str) -> None:
    cell = CELLS[role].get((action, phase), RIGHTS_BY_ROLE)
    found = outcomes(role, phase, action)
    if cell != ALLOWED:
        assert all(isinstance(one, Refused) and one.rule == cell for one in found), found
        return
    guards = {rule for rule, _ in GUARDS_OF_ACTION.get(action.removesuffix("-agent"), ())}
    assert any(isinstance(one, Decided) for one in found), found
    assert all(isinstance(one, Decided) or one.rule in guards for one in found), found


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_who_is_not_in_the_call_or_not_known_may_do_nothing(phase: Phase, action: str) -> None:
    before = given(*s.SCENES[phase])
    for actor in (STRANGER, UNKNOWN):
        for one in asking(action, actor):
            before.when(one).refused_by(RIGHTS_BY_ROLE)


# The conference table as the page gives it: written here by hand, not read from `rights.py`.
CONFERENCE_TABLE = """
action              customer owner member
start-conference    R3       R1    R3
hold                R7       R7    R7
hold-agent          R7       R8    R7
resume              Q5       Q5    Q5
request-transfer    R9       ok    R9
accept-transfer     R12      R12   R12
exit                ok       Q6    ok
end-conference      R14      ok    R14
apply-wrap-up       R21      R21   R15
"""
WITH_AN_OPEN_REQUEST = """
action              customer owner member
request-transfer    R9       T1    R9
accept-transfer     R12      R12   ok
apply-wrap-up       R21      ok    R15
"""
ACTOR_OF_COLUMN = {"customer": CUSTOMER, "owner": A1, "member": A2}


def page_cells(table: str, story: Story) -> list[tuple[Story, str, str, str]]:
    header, *rows = (line.split() for line in table.strip().splitlines())
    return [
        (story, action, ACTOR_OF_COLUMN[column], verdict)
        for action, *verdicts in rows
        for column, verdict in zip(header[1:], verdicts, strict=True)
    ]


@pytest.mark.parametrize(
    ("story", "action", "actor", "verdict"),
    [
        *page_cells(CONFERENCE_TABLE, s.conference()),
        *page_cells(WITH_AN_OPEN_REQUEST, s.conference_request()),
    ],
)
def test_the_conference_table_of_the_page(
    story: Story, action: str, actor: str, verdict: str
) -> None:
    outcome = given(*story).when(asking(action, actor)[0])
    if verdict == ALLOWED:
        assert outcome.events
    else:
        outcome.refused_by(verdict)


def test_the_owner_starts_a_conference_from_a_consult() -> None:
    given(*s.consulting()).when(s.start_conference(A1)).then("conference-started")
