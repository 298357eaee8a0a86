"""Examples of R1 to R22, the rules of the page."""

from __future__ import annotations

from domain import commands
from domain.rule_sets import MULTI_PARTY
from domain.vocabulary import CUSTOMER
from tests.domain import scenes as s
from tests.domain.example import (
    CUSTOMER_FIRST,
    END_OF_CONFERENCE,
    MEMBER_GONE,
    Allowed,
    Example,
    Refused,
)
from tests.domain.scenes import A1, A2, A3, STRANGER
from tests.domain.specification import command

PAGE: dict[str, tuple[Example, ...]] = {
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
}
