"""The words of a call, as the help page and the auditor use them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

CUSTOMER: Final = "customer"
"""The party id of the customer: a call has at most one, and the number itself is personal."""

SYSTEM: Final = "system"
"""The actor id of the telephone system: it receives, routes and reports failures."""

UNKNOWN: Final = "unknown"
"""The actor id where the source does not say who acted; rights by role cannot be judged then."""


class Role(StrEnum):
    """What an actor is in the call at the moment of acting (R22: rights go by role)."""

    CUSTOMER = "customer"
    OWNER = "owner"
    CONSULTED = "consulted"
    MEMBER = "member"
    INVITED = "invited"
    FORMER_OWNER = "former_owner"
    OUTSIDER = "outsider"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """Where the call stands, as far as rights depend on it."""

    NOT_RECEIVED = "not_received"
    QUEUED = "queued"
    CONNECTED = "connected"
    HELD = "held"
    CONSULT_ASKED = "consult_asked"
    CONSULTING = "consulting"
    CONFERENCE = "conference"
    WRAP_UP_ASSIST = "wrap_up_assist"
    ENDED = "ended"
    CLOSED = "closed"


class Via(StrEnum):
    """By what the actor acted (R6: advice to use the desktop; recorded, never refused)."""

    DESKTOP = "desktop"
    DEVICE = "device"
    SYSTEM = "system"


class PartyKind(StrEnum):
    """Who a party is; an external party is reached at a dial number and never wraps up (Q22)."""

    CUSTOMER = "customer"
    AGENT = "agent"
    EXTERNAL = "external"


class TargetKind(StrEnum):
    """Where a consult or a transfer goes (C2)."""

    AGENT = "agent"
    QUEUE = "queue"
    DIAL_NUMBER = "dial_number"
    ENTRY_POINT = "entry_point"


class TransferKind(StrEnum):
    """How a call changes hands (T1)."""

    BLIND = "blind"
    CONSULT = "consult"
    CONFERENCE = "conference"


class OfferOutcome(StrEnum):
    """What became of an offer that its agent neither answered, nor declined, nor missed (O2)."""

    ANSWERED_ELSEWHERE = "answered_elsewhere"
    ABANDONED = "abandoned"
    CALL_ENDED = "call_ended"
    TRANSFERRED = "transferred"


class ExitReason(StrEnum):
    """Why a party left (Q8)."""

    EXITED = "exited"
    HUNG_UP = "hung_up"
    DROPPED_BY_END = "dropped_by_end"
    DROPPED_BY_OWNER = "dropped_by_owner"
    TRANSFERRED = "transferred"
    CUSTOMER_LEFT = "customer_left"
    FAILED = "failed"
    UNKNOWN = "unknown"


class EndedBy(StrEnum):
    """Which side ended the call."""

    AGENT = "agent"
    CUSTOMER = "customer"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class TransferFailure(StrEnum):
    """Why a transfer request failed (Q14, Q15)."""

    RECEIVER_LEFT = "receiver_left"
    CUSTOMER_LEFT = "customer_left"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class WrapUpMode(StrEnum):
    """Who chose the wrap-up reason (W7: the default is never read as the agent's choice)."""

    BY_AGENT = "by_agent"
    AUTO_DEFAULT = "auto_default"


class Cause(StrEnum):
    """What ended a conference."""

    ENDED_BY_OWNER = "ended_by_owner"
    MEMBER_LEFT = "member_left"
    OWNER_LEFT = "owner_left"
    CUSTOMER_LEFT = "customer_left"
    TRANSFERRED = "transferred"
    FAILED = "failed"


class TimeSource(StrEnum):
    """How an event's time is known."""

    EXACT = "exact"
    """The source gave the time."""
    DERIVED = "derived"
    """Computed from durations: distances within the call hold, the time of day may not."""
