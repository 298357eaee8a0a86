"""Examples of the sibling pages' rules and of the ledger's own."""

from __future__ import annotations

from domain import commands
from domain.rule_sets import MULTI_PARTY
from domain.vocabulary import CUSTOMER, SYSTEM, TargetKind
from tests.domain import scenes as s
from tests.domain.example import (
    CUSTOMER_FIRST,
    TWO_STRANGERS_CONSULT,
    WITH_REASON,
    Allowed,
    Example,
    Refused,
)
from tests.domain.scenes import A1, A2, A3, Story
from tests.domain.specification import command

OWNED_TWICE: Story = (
    *s.transferred(),
    *(s.apply_wrap_up(A1), s.request_transfer(A2, A1, TargetKind.AGENT), s.accept_transfer(A1)),
    s.end_call(A1),
)
"""A1 owned the call twice: the seventh event gave the first reason, the second is still open."""

SIBLINGS: dict[str, tuple[Example, ...]] = {
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
        Allowed((*s.waiting_again(), s.offer(A1)), s.answer(A1), "answered"),
        Refused(s.offered(), s.offer(A1)),
        Refused(s.queued(), s.miss_offer()),
        Refused(s.connected(), s.offer(A2)),
    ),
    "O2": (
        Allowed(s.offered(), s.offer(A2), "offered", {"offered": {"offer_number": 2}}),
        Allowed(
            s.offered_to_three(),
            s.answer(A2),
            "answered offer-closed offer-closed",
            {
                "answered": {"agent": A2, "offer_number": 2},
                "offer-closed": {"agent": A3, "outcome": "answered_elsewhere"},
            },
            "connected",
        ),
        Allowed(
            s.offered_to_three(),
            s.miss_offer(agent=A2),
            "offer-missed",
            {"offer-missed": {"offer_number": 2, "agent": A2}},
        ),
        Allowed(
            s.offered_to_three(),
            s.decline_offer(A3),
            "offer-declined",
            {"offer-declined": {"offer_number": 3, "agent": A3}},
        ),
        Refused(s.offered_to_three(), s.miss_offer()),
        Refused(s.offered_to_three(), s.decline_offer(A3, agent=A2)),
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
        Allowed(
            OWNED_TWICE,
            s.correct(7, "other"),
            "corrected",
            {"corrected": {"wrap_up_number": 1}},
        ),
        Refused(s.connected(), s.correct(4)),
        Refused(s.closed(), s.correct(3, "other")),
    ),
    "L4": (
        Allowed(s.ended(), s.correct(1), "corrected", leaves="ended"),
        Refused(s.ended(), s.end_call(SYSTEM)),
        Refused(s.closed(), s.offer(A2)),
    ),
    "L5": (Allowed(s.connected(), s.hold(), "held", leaves="held"),),
    "L6": (
        Allowed(s.connected(), s.hold(), "held", {"held": {"hold_number": 1}}, "held"),
        Refused(s.held(), s.hold(), by="H1"),
    ),
}
