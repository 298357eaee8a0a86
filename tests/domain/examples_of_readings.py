"""Examples of Q1 to Q24: how the gaps and contradictions of the page are read."""

from __future__ import annotations

from domain.rule_sets import MULTI_PARTY
from domain.vocabulary import CUSTOMER, TargetKind
from tests.domain import scenes as s
from tests.domain.example import (
    AGENT,
    ASSIST_BY_CONSULT,
    END_OF_CONFERENCE,
    EXTERNAL,
    MEMBER_GONE,
    QUEUE,
    TWO_STRANGERS_CONSULT,
    WITH_REASON,
    Allowed,
    Example,
    Refused,
    eight_in_conference,
)
from tests.domain.scenes import A1, A2, A3

READINGS: dict[str, tuple[Example, ...]] = {
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
            s.request_transfer(target=A2, kind=AGENT),
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
    "Q24": (
        Allowed(
            s.connected(),
            s.request_transfer(target="support", kind=QUEUE),
            "transfer-requested transferred-to-queue exited",
            {
                "transferred-to-queue": {
                    "transfer_number": 1,
                    "queue_entry_number": 2,
                    "queue": "support",
                    "wrap_up_number": 1,
                    "wrap_up_agent": A1,
                },
                "exited": {"party": A1, "party_role": "owner", "reason": "transferred"},
            },
            "queued",
        ),
        Allowed(
            s.held(),
            s.request_transfer(target="main-number", kind=TargetKind.ENTRY_POINT),
            "transfer-requested transferred-to-queue exited",
            {"transferred-to-queue": {"entry_point": "main-number", "hold_number": 1}},
            "queued",
        ),
        Allowed(
            (*s.waiting_again(), s.offer(A2)),
            s.answer(A2),
            "answered",
            {"answered": {"agent": A2, "transfer_number": 1, "queue_entry_number": 2}},
            "connected",
        ),
        Allowed(
            (*s.waiting_again(), s.offer(A2)),
            s.leave(),
            "abandoned exited ended",
            {"abandoned": {"offer_number": 2, "queue_entry_number": 2}},
            "ended",
        ),
        Refused(s.waiting_again(), s.accept_transfer(A2), by="R22"),
        Refused(s.waiting_again(), s.withdraw_transfer(A1), by="R22"),
    ),
}
