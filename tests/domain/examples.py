"""Examples of every rule, as data: what it allows or makes happen, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain import commands
from domain.commands import Command
from domain.rule_sets import MULTI_PARTY, SEED, RuleSet
from domain.vocabulary import CUSTOMER, SYSTEM, TargetKind
from tests.domain import scenes as s
from tests.domain.scenes import A1, A2, A3, STRANGER, Story
from tests.domain.specification import command


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
QUEUE = TargetKind.QUEUE
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


EXAMPLES: dict[str, tuple[Example, ...]] = {
    "R1": (
        Allowed(s.consulting(), s.start_conference(), "conference-started"),
        Refused(s.connected(), s.start_conference()),
        Refused(s.consult_asked(), s.start_conference()),
        Refused(s.conference(), s.start_conference()),
    ),
    "R2": (
        Allowed(s.consulting(), s.start_conference(A1, A2), "conference-started"),
        Refused(s.consulting(), s.start_conference(A1, A3)),
    ),
    "R3": (
        Allowed(s.consulting(), s.start_conference(A1), "conference-started"),
        Refused(s.consulting(), s.start_conference(A2)),
        Refused(s.consulting(), s.start_conference(CUSTOMER)),
    ),
    "R4": (
        Allowed(
            s.consulting(),
            s.start_conference(),
            "conference-started",
            {"conference-started": {"hold_number": 1, "members": (CUSTOMER, A1, A2)}},
            "conference",
        ),
    ),
    "R5": (
        Allowed(
            s.conference(),
            s.exit_call(A2),
            "exited conference-ended",
            {"exited": {"party": A2, "party_role": "member"}},
        ),
    ),
    "R6": (
        Allowed(
            s.conference(),
            s.exit_call(A2, via="device"),
            "exited conference-ended",
            {"exited": {"reason": "hung_up"}},
        ),
        Allowed(s.held(), command(commands.Resume, A1, via="device"), "resumed"),
    ),
    "R7": (
        Allowed(s.connected(), s.hold(), "held"),
        Refused(s.conference(), s.hold(A1)),
        Refused(s.conference(), s.hold(A2)),
        Refused(s.conference(), s.hold(CUSTOMER)),
        Refused(s.conference_of_four(), s.hold(A1), rules=MULTI_PARTY),
    ),
    "R8": (
        Allowed(MEMBER_GONE, s.hold(A1), "held", {"held": {"hold_number": 2}}),
        Refused(s.conference(), s.hold(A1, party=A2)),
    ),
    "R9": (
        Allowed(
            s.conference(),
            s.request_transfer(target=A2),
            "transfer-requested",
            {"transfer-requested": {"kind": "conference", "receiver": A2}},
        ),
        Allowed(
            s.conference_of_four(),
            s.request_transfer(target=A3),
            "transfer-requested",
            {"transfer-requested": {"receiver": A3}},
            rules=MULTI_PARTY,
        ),
        Refused(s.conference(), s.request_transfer(target=A3)),
        Refused(s.conference(), s.request_transfer(A2, target=A1)),
        Refused(s.conference_of_four(), s.request_transfer(), rules=MULTI_PARTY),
    ),
    "R10": (
        Allowed(
            s.conference(),
            s.request_transfer(),
            "transfer-requested",
            {"transfer-requested": {"wrap_up_number": 1, "wrap_up_agent": A1}},
        ),
    ),
    "R11": (
        Allowed(
            s.conference_request(),
            s.accept_transfer(),
            "transfer-accepted exited conference-ended",
            {"exited": {"party": A1, "stayed": (CUSTOMER, A2), "owner_after": A2}},
            "connected",
        ),
    ),
    "R12": (
        Allowed(
            s.conference_request(),
            s.accept_transfer(A2),
            "transfer-accepted exited conference-ended",
        ),
        Allowed(s.conference_request(), s.decline_transfer(A2), "transfer-declined"),
        Refused(s.conference(), s.accept_transfer(A2)),
        Refused(s.conference_request(), s.accept_transfer(A1)),
    ),
    "R13": (
        Allowed(
            s.conference(),
            s.exit_call(A2),
            "exited conference-ended",
            {"exited": {"stayed": (CUSTOMER, A1), "wrap_up_number": None, "owner_after": A1}},
            "connected",
        ),
    ),
    "R14": (
        Allowed(s.conference(), s.end_conference(A1), END_OF_CONFERENCE),
        Refused(s.conference(), s.end_conference(A2)),
        Refused(s.conference(), s.end_conference(CUSTOMER)),
        Refused(s.wrap_up_assist(), s.end_call(A2)),
    ),
    "R15": (
        Allowed(s.conference_request(), s.apply_wrap_up(A1), "wrap-up-applied"),
        Refused(s.conference_request(), s.apply_wrap_up(A2)),
        Refused(s.conference(), s.apply_wrap_up(A2)),
    ),
    "R16": (
        Allowed(
            s.conference(),
            s.end_conference(),
            END_OF_CONFERENCE,
            {"exited": {"party": A1, "wrap_up_number": 1, "wrap_up_agent": A1}},
            "ended",
        ),
        Refused(s.connected(), s.end_conference()),
    ),
    "R17": (
        Allowed(
            s.conference(),
            s.hang_up(A1),
            END_OF_CONFERENCE,
            {"exited": {"party": A1, "reason": "hung_up", "wrap_up_agent": A1}},
            "ended",
        ),
    ),
    "R18": (
        Allowed(s.conference(), s.leave(), "exited conference-ended", CUSTOMER_FIRST),
        Allowed(s.queued(), s.abandon(), "abandoned exited ended", leaves="closed"),
        Refused(s.connected(), s.abandon()),
    ),
    "R19": (
        Allowed(
            s.conference(), s.leave(), "exited conference-ended", CUSTOMER_FIRST, "wrap_up_assist"
        ),
    ),
    "R20": (
        Allowed(s.wrap_up_assist(), s.end_conference(), "exited exited ended"),
        Refused(s.wrap_up_assist(), s.hold()),
        Refused(s.wrap_up_assist(), s.resume()),
        Refused(s.wrap_up_assist(), s.start_consult(target=A3)),
        Refused(s.wrap_up_assist(), s.hold(A2)),
    ),
    "R21": (
        Allowed(s.ended(), s.apply_wrap_up(), "wrap-up-applied", leaves="closed"),
        Refused(s.connected(), s.apply_wrap_up()),
        Refused(s.conference(), s.apply_wrap_up()),
        Refused(s.conference(), s.apply_wrap_up(CUSTOMER)),
    ),
    "R22": (
        Allowed(s.connected(), s.hold(A1), "held"),
        Refused(s.connected(), s.hold(STRANGER)),
        Refused(s.conference(), s.answer(A2)),
        Refused(s.connected(), s.hold("unknown")),
    ),
    "Q1": (
        Allowed(s.wrap_up_assist(), s.apply_wrap_up(), "wrap-up-applied", leaves="wrap_up_assist"),
        Allowed(s.wrap_up_assist(), s.exit_call(A2), "exited exited ended", leaves="ended"),
        Allowed(
            (*s.wrap_up_assist(), s.apply_wrap_up()),
            s.end_conference(),
            "exited exited ended",
            {"exited": {"party": A1, "wrap_up_number": None}},
            "closed",
        ),
    ),
    "Q2": (
        Allowed(s.conference(), s.exit_call(A2), "exited conference-ended"),
        Allowed(s.conference(), s.end_conference(A1), END_OF_CONFERENCE),
    ),
    "Q3": (
        Allowed(
            s.conference_request(),
            s.apply_wrap_up(),
            "wrap-up-applied",
            {"wrap-up-applied": {"provisional": True}},
        ),
        Allowed(
            s.conference_request(),
            s.decline_transfer(),
            "transfer-declined",
            {"transfer-declined": {"wrap_up_number": 1}},
            "conference",
        ),
        Allowed(s.conference_request(), s.fail_transfer(), "transfer-failed", leaves="conference"),
        Allowed(
            s.conference_request(),
            s.withdraw_transfer(),
            "transfer-withdrawn",
            leaves="conference",
        ),
    ),
    "Q4": (
        Allowed(
            (*s.transferred(), s.end_call(A2)),
            s.apply_wrap_up(A2),
            "wrap-up-applied",
            {"wrap-up-applied": {"wrap_up_number": 2, "wrap_up_agent": A2}},
            "ended",
        ),
        Allowed(
            (*s.transferred(), s.end_call(A2), s.apply_wrap_up(A2)),
            s.apply_wrap_up(A1),
            "wrap-up-applied",
            {"wrap-up-applied": {"wrap_up_number": 1, "wrap_up_agent": A1}},
            "closed",
        ),
    ),
    "Q5": (
        Allowed(s.held(), s.resume(), "resumed"),
        Refused(s.conference(), s.resume(A1)),
        Refused(s.conference(), s.resume(A2)),
    ),
    "Q6": (
        Allowed(
            s.conference_of_four(),
            s.exit_call(A1),
            "exited",
            {"exited": {"party": A1, "owner_after": A2, "wrap_up_agent": A1}},
            "conference",
            MULTI_PARTY,
        ),
        Allowed(
            s.conference(),
            s.exit_call(A1),
            "exited conference-ended",
            {"exited": {"owner_after": A2}, "conference-ended": {"cause": "owner_left"}},
            "connected",
            MULTI_PARTY,
        ),
        Refused(s.conference(), s.exit_call(A1)),
        Refused(s.connected(), s.exit_call(A1), rules=MULTI_PARTY),
    ),
    "Q7": (
        Allowed(
            TWO_STRANGERS_CONSULT,
            s.start_conference(),
            "conference-joined",
            {"conference-joined": {"party": A3, "members": (CUSTOMER, A1, A2, A3)}},
            "conference",
            MULTI_PARTY,
        ),
        Refused(eight_in_conference(), s.start_conference(), rules=MULTI_PARTY),
        Refused(s.conference(), s.start_consult(target=A3), by="C1"),
    ),
    "Q8": (
        Allowed(
            s.conference(),
            s.end_conference(),
            END_OF_CONFERENCE,
            {"exited": {"party": A2, "initiated_by": A1, "reason": "dropped_by_end"}},
        ),
    ),
    "Q9": (
        Allowed(
            s.conference(),
            s.end_conference(),
            END_OF_CONFERENCE,
            {"exited": {"party": CUSTOMER, "exit_number": 2, "conference_number": 1}},
        ),
    ),
    "Q12": (
        Allowed(
            s.conference(),
            s.hang_up(A2),
            "exited conference-ended",
            {"exited": {"party": A2, "reason": "hung_up", "wrap_up_agent": None}},
            "connected",
        ),
    ),
    "Q13": (
        Allowed(s.consulting(), s.fail_conference(), "conference-failed", leaves="consulting"),
        Allowed((*s.consulting(), s.fail_conference()), s.end_consult(), "consult-ended exited"),
        Refused(s.connected(), s.fail_conference(), by="R1"),
    ),
    "Q14": (
        Allowed(
            s.conference_request(),
            s.exit_call(A2),
            "transfer-failed exited conference-ended",
            {"transfer-failed": {"failure": "receiver_left", "wrap_up_number": 1}},
            "connected",
        ),
        Allowed(
            s.consult_request(),
            s.hang_up(A2),
            "transfer-failed consult-ended exited",
            leaves="held",
        ),
    ),
    "Q15": (
        Allowed(
            s.conference_request(),
            s.leave(),
            "transfer-failed exited conference-ended",
            {
                "transfer-failed": {"failure": "customer_left", "wrap_up_number": 1},
                "exited": {"wrap_up_number": 2, "wrap_up_agent": A1, "owner_after": A1},
            },
            "wrap_up_assist",
        ),
    ),
    "Q16": (
        Allowed(
            s.conference_request(),
            s.hang_up(A1),
            f"transfer-withdrawn {END_OF_CONFERENCE}",
            {
                "transfer-withdrawn": {"wrap_up_number": 1},
                "exited": {"party": A1, "wrap_up_number": 2},
            },
            "ended",
        ),
    ),
    "Q17": (
        Allowed(
            (*WITH_REASON, s.decline_transfer(), s.end_conference()),
            s.apply_wrap_up(reason="other"),
            "wrap-up-applied",
            {"wrap-up-applied": {"wrap_up_number": 2, "provisional": False}},
            "closed",
        ),
        Refused((*WITH_REASON, s.decline_transfer()), s.apply_wrap_up(), by="R21"),
    ),
    "Q18": (
        Allowed(s.wrap_up_assist(), s.hang_up(A1), "exited exited ended"),
        Allowed(s.wrap_up_assist(), s.apply_wrap_up(A1), "wrap-up-applied"),
        Allowed(s.wrap_up_assist(), s.hang_up(A2), "exited exited ended"),
        Refused(s.wrap_up_assist(), s.request_transfer(target=A2), by="R9"),
        Refused(s.wrap_up_assist(), s.start_conference(), by="R1"),
        Refused(s.wrap_up_assist(), s.end_conference(A2), by="R14"),
    ),
    "Q19": (
        Allowed(
            s.consulting(),
            s.leave(),
            "exited",
            {"exited": {"hold_number": 1, "consult_number": 1, "wrap_up_agent": A1}},
            "wrap_up_assist",
        ),
        Allowed(s.consult_asked(), s.leave(), "consult-cancelled exited exited ended"),
        Refused(ASSIST_BY_CONSULT, s.start_conference(), by="R1"),
    ),
    "Q20": (
        Allowed(MEMBER_GONE, s.start_consult(target=A3), "consult-started"),
        Allowed(
            (*MEMBER_GONE, s.start_consult(target=A2), s.answer_consult(A2)),
            s.start_conference(),
            "conference-started",
            {"conference-started": {"conference_number": 2, "hold_number": 2}},
        ),
        Refused(MEMBER_GONE, s.start_conference(), by="R1"),
    ),
    "Q21": (
        Allowed(s.transferred(), s.apply_wrap_up(A1), "wrap-up-applied", leaves="connected"),
        Allowed(
            (*s.transferred(), s.start_consult(A2, "sales", QUEUE)),
            s.apply_wrap_up(A1),
            "wrap-up-applied",
        ),
        Refused(s.transferred(), s.hold(A1), by="R22"),
        Refused(MEMBER_GONE, s.apply_wrap_up(A2), by="R22"),
    ),
    "Q22": (
        Allowed(
            s.consult_asked("sales", QUEUE),
            s.answer_consult(A3),
            "consult-answered",
            {"consult-answered": {"party": A3, "party_kind": "agent"}},
        ),
        Allowed(
            (*EXTERNAL, s.request_transfer(), s.accept_transfer("external-1")),
            s.leave(),
            "exited exited ended",
            {"exited": {"party": CUSTOMER, "wrap_up_agent": None}},
        ),
        Refused((*EXTERNAL, s.start_conference()), s.apply_wrap_up("external-1"), by="R15"),
    ),
    "Q23": (
        Allowed(
            s.connected(),
            s.request_transfer(target="sales", kind=QUEUE),
            "transfer-requested",
            {"transfer-requested": {"kind": "blind", "wrap_up_agent": A1}},
        ),
        Allowed(
            s.consulting(),
            s.request_transfer(),
            "transfer-requested",
            {"transfer-requested": {"kind": "consult", "wrap_up_agent": A1}},
        ),
    ),
    "C1": (
        Allowed(s.connected(), s.start_consult(), "consult-started"),
        Allowed(s.held(), s.start_consult(), "consult-started"),
        Refused(s.consulting(), s.start_consult(target=A3)),
        Refused(s.blind_request(), s.start_consult(target=A3)),
        Refused(s.conference(), s.start_consult(target=A3)),
        Refused(s.connected(), s.start_consult(CUSTOMER)),
    ),
    "C2": (
        *(
            Allowed(s.connected(), s.start_consult(target="555", kind=kind), "consult-started")
            for kind in TargetKind
        ),
        Refused(s.connected(), s.start_consult(target=A1)),
        Refused(s.connected(), s.request_transfer(target=CUSTOMER)),
    ),
    "C3": (
        *(
            Allowed(
                s.connected(),
                s.start_consult(target=number, kind=TargetKind.DIAL_NUMBER),
                "consult-started",
                {"consult-started": {"dial_number": number, "target": None}},
            )
            for number in ("123", "+39*06#12:4", "123456789012345678")
        ),
        *(
            Refused(s.connected(), s.start_consult(target=number, kind=TargetKind.DIAL_NUMBER))
            for number in ("12", "1234567890123456789", "12a4", "123 4", "++##", "١٢٣٤")
        ),
        Refused(s.connected(), s.request_transfer(target="12", kind=TargetKind.DIAL_NUMBER)),
    ),
    "C5": (
        Allowed(
            s.connected(),
            s.start_consult(),
            "consult-started",
            {"consult-started": {"hold_number": 1}},
        ),
        Allowed(
            s.held(),
            s.start_consult(),
            "consult-started",
            {"consult-started": {"hold_number": None}},
        ),
        Allowed(s.consulting(), s.end_consult(), "consult-ended exited", leaves="held"),
    ),
    "C6": (
        Allowed(s.consult_asked(), s.decline_consult(), "consult-declined", leaves="held"),
        Allowed(s.consulting(), s.exit_call(A2), "consult-ended exited", leaves="held"),
        Allowed(s.consult_asked(), s.cancel_consult(), "consult-cancelled", leaves="held"),
        Allowed(s.consulting(), s.end_consult(), "consult-ended exited", leaves="held"),
        Refused(s.consulting(), s.cancel_consult()),
        Refused(s.consult_asked(), s.end_consult()),
        Refused(s.consult_asked(), s.answer_consult(A1)),
    ),
    "H1": (
        Allowed(s.connected(), s.hold(), "held", leaves="held"),
        Allowed(s.held(), s.resume(), "resumed", leaves="connected"),
        Refused(s.held(), s.hold()),
        Refused(s.connected(), s.resume()),
        Refused(s.connected(), s.hold(CUSTOMER)),
        Refused(s.consulting(), s.resume(A2)),
    ),
    "E1": (
        Allowed(s.connected(), s.end_call(), "exited exited ended"),
        Allowed(
            s.held(),
            s.leave(),
            "exited exited ended",
            {"exited": {"party": CUSTOMER, "hold_number": 1}},
        ),
        Refused(s.held(), s.end_call()),
        Refused(s.held(), s.hang_up(A1)),
    ),
    "T1": (
        Allowed(s.blind_request(), s.fail_transfer(), "transfer-failed", leaves="connected"),
        Allowed(
            s.consult_request(), s.decline_transfer(), "transfer-declined", leaves="consulting"
        ),
        Allowed(s.blind_request(), s.withdraw_transfer(), "transfer-withdrawn", leaves="connected"),
        Refused(s.blind_request(), s.request_transfer(target=A3)),
        Refused(s.consulting(), s.request_transfer(target=A3)),
        Refused(s.connected(), s.request_transfer()),
        Refused(s.connected(), s.withdraw_transfer()),
        Refused(TWO_STRANGERS_CONSULT, s.request_transfer(target=A2), rules=MULTI_PARTY),
    ),
    "T2": (
        Allowed(
            s.consult_request(),
            s.accept_transfer(),
            "transfer-accepted exited",
            {
                "transfer-accepted": {
                    "kind": "consult",
                    "party": A2,
                    "stay_number": None,
                    "hold_number": 1,
                    "consult_number": 1,
                    "wrap_up_agent": A1,
                },
                "exited": {"party": A1, "party_role": "owner", "reason": "transferred"},
            },
            "connected",
        ),
        Allowed(
            s.blind_request(),
            s.accept_transfer(),
            "transfer-accepted exited",
            {"transfer-accepted": {"kind": "blind", "party": A2, "stay_number": 3}},
            "connected",
        ),
    ),
    "W1": (
        Allowed(s.connected(), s.leave(), "exited exited ended", CUSTOMER_FIRST, "ended"),
        Allowed(
            s.connected(),
            s.end_call(),
            "exited exited ended",
            {"exited": {"party": A1, "wrap_up_agent": A1}},
            "ended",
        ),
        Allowed(
            s.connected(),
            s.end_call(SYSTEM),
            "exited exited ended",
            {"exited": {"party": A1, "wrap_up_agent": A1, "reason": "failed"}},
            "ended",
        ),
    ),
    "W5": (
        Allowed(s.ended(), s.apply_wrap_up(), "wrap-up-applied"),
        Refused(s.closed(), s.apply_wrap_up()),
        Refused((*s.transferred(), s.apply_wrap_up()), s.apply_wrap_up()),
        Refused((*s.transferred(), s.apply_wrap_up()), s.apply_default(A1)),
        Refused(WITH_REASON, s.apply_wrap_up()),
    ),
    "W7": (
        Allowed(
            s.ended(),
            s.apply_default(A1),
            "wrap-up-applied",
            {"wrap-up-applied": {"mode": "auto_default", "reason": "default"}},
            "closed",
        ),
        Allowed(
            s.ended(),
            s.apply_wrap_up(A1),
            "wrap-up-applied",
            {"wrap-up-applied": {"mode": "by_agent", "reason": "sold"}},
        ),
    ),
    "W8": (
        Allowed(s.ended(), s.extend_wrap_up(), "wrap-up-extended", leaves="ended"),
        Allowed((*s.ended(), s.extend_wrap_up()), s.apply_wrap_up(), "wrap-up-applied"),
        Refused((*s.ended(), s.extend_wrap_up()), s.extend_wrap_up()),
        Refused((*s.ended(), s.extend_wrap_up()), s.apply_default(A1)),
    ),
    "W9": (
        Allowed(
            s.ended(),
            s.extend_wrap_up(),
            "wrap-up-extended",
            {"wrap-up-extended": {"wrap_up_number": 1, "wrap_up_agent": A1}},
        ),
    ),
    "O1": (
        Allowed(s.offered(), s.answer(), "answered", {"answered": {"offer_number": 1}}),
        Allowed(s.offered(), s.decline_offer(), "offer-declined", leaves="queued"),
        Allowed((*s.offered(), s.miss_offer()), s.offer(A2), "offered"),
        Refused((*s.offered(), s.miss_offer()), s.offer(A1)),
        Refused(s.offered(), s.offer(A2)),
        Refused(s.queued(), s.miss_offer()),
        Refused(s.connected(), s.offer(A2)),
    ),
    "L1": (
        Allowed((), s.receive(), "received", {"received": {"stay_number": 1}}, "queued"),
        Refused(s.queued(), s.receive()),
        Refused((), s.offer()),
        Refused((), s.correct(1)),
    ),
    "L2": (
        Allowed(s.connected(), command(commands.Hold, A1, expected_version=3), "held"),
        Refused(s.connected(), command(commands.Hold, A1, expected_version=2)),
    ),
    "L3": (
        Allowed(s.connected(), s.correct(3), "corrected", {"corrected": {"corrected_version": 3}}),
        Allowed(
            s.closed(), s.correct(7, "other"), "corrected", {"corrected": {"wrap_up_number": 1}}
        ),
        Refused(s.connected(), s.correct(4)),
        Refused(s.closed(), s.correct(3, "other")),
    ),
    "L4": (
        Allowed(s.ended(), s.correct(1), "corrected", leaves="ended"),
        Refused(s.ended(), s.end_call(SYSTEM)),
        Refused(s.closed(), s.offer(A2)),
    ),
}
