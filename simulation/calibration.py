"""How often things happen in a simulated day, and how long they last.

SHARES, SECONDS and ARRIVALS_BY_HOUR are computed from two recorded Webex Contact Center
responses: the activities of 77 calls, and how 250 calls ended. They come from a test tenant:
calls are short, and consults far more frequent than in most contact centres. ASSUMED holds what
those records do not tell: who left a conference, whether a transfer was declined, what was
tried and refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SHARES: Final[Mapping[str, tuple[int, int]]] = {
    # of the calls offered to an agent, those that waited in queue before or after
    "queue_wait": (27, 55),
    # of all calls: left by the customer, or ended otherwise, before an agent was connected
    "abandoned": (93, 250),
    "turned_away": (14, 250),
    # of all offers
    "offer_not_answered": (47, 101),
    # of the calls answered
    "held": (4, 45),
    "consulted": (34, 45),
    "blind_transfer": (3, 45),
    "wrapped_up": (40, 45),
    # of the calls with a consult
    "consult_to_queue": (6, 34),
    "consult_to_entry_point": (10, 34),
    # of the consults, and of the answered ones
    "consult_answered": (36, 37),
    "conference": (5, 36),
    "consult_transfer": (11, 36),
    # of the calls that ended while connected
    "ended_by_customer": (48, 143),
    "ended_by_system": (11, 143),
}
"""Each a count and the count it is a share of."""

SECONDS: Final[Mapping[str, tuple[float, ...]]] = {
    "queue_wait": (0.274, 0.738, 2.293, 5.0, 5.0, 5.0, 7.569, 14.236, 25.783, 51.829, 266.535),
    "patience": (
        *(30.136, 32.364, 35.075, 36.902, 40.11, 42.089, 45.112),
        *(47.706, 51.519, 55.398, 59.934),
    ),
    "ring": (0.116, 1.228, 1.423, 1.741, 2.001, 5.333, 6.58, 8.252, 9.722, 14.07, 33.123),
    "talk": (
        *(1.693, 10.205, 12.326, 15.159, 17.828, 19.7, 22.552),
        *(26.525, 30.389, 33.998, 62.743),
    ),
    "hold": (5.728, 6.522, 7.315, 8.108, 8.437, 8.534, 8.631, 9.283, 11.046, 12.809, 14.572),
    "consult": (7.607, 8.0, 8.001, 8.553, 13.702, 16.601, 22.183, 35.248, 54.123, 82.715, 150.902),
    "conference": (
        *(9.278, 9.886, 10.495, 11.477, 12.832, 14.187, 15.98),
        *(17.773, 56.789, 133.026, 209.264),
    ),
    "after_conference": (
        *(9.221, 9.711, 10.2, 11.018, 12.163, 13.308, 13.405),
        *(13.502, 62.322, 159.863, 257.404),
    ),
    "after_hold": (2.765, 3.901, 4.0, 4.0, 4.0, 5.644, 8.839, 13.287, 17.621, 36.301, 209.074),
    "transfer": (0.004, 0.004, 0.005, 0.005, 0.007, 0.192, 0.447, 1.179, 9.757, 18.067, 66.402),
    "wrap_up": (0.383, 3.888, 4.382, 4.789, 5.645, 7.241, 9.038, 11.218, 11.666, 12.185, 39.411),
}
"""Least, the nine deciles and greatest, in seconds."""

ARRIVALS_BY_HOUR: Final = (
    *(1, 2, 4, 7, 9, 17, 21, 23, 18, 18, 20, 13),
    *(24, 18, 32, 1, 6, 4, 3, 2, 2, 4, 1, 0),
)
"""How many of the 250 calls arrived in each hour of the day, in UTC."""

ASSUMED: Final[Mapping[str, float]] = {
    "offer_declined": 0.25,
    "ring_all": 0.1,
    "customer_leaves_on_hold": 0.05,
    "consult_to_dial_number": 0.08,
    "consult_declined": 0.5,
    "consulted_party_leaves": 0.3,
    "customer_leaves_in_consult": 0.03,
    "conference_fails_first": 0.04,
    "further_party": 0.3,
    "conference_transfer": 0.2,
    "conference_ended_by_owner": 0.25,
    "conference_left_by_customer": 0.15,
    "conference_left_by_owner": 0.1,
    "transfer_to_queue": 0.3,
    "abandoned_after_transfer": 0.15,
    "transfer_to_dial_number": 0.1,
    "transfer_declined": 0.07,
    "transfer_failed": 0.04,
    "transfer_withdrawn": 0.03,
    "reason_given_while_pending": 0.15,
    "hung_up_by_device": 0.12,
    "reason_by_default": 0.2,
    "wrap_up_extended": 0.06,
}
"""Shares that the records do not tell, each of the cases in which it can happen."""

TRIED: Final[Mapping[str, float]] = {
    "hold_in_conference": 0.3,
    "member_ends_conference": 0.25,
    "hold_in_wrap_up_assist": 0.4,
    "end_while_held": 0.08,
    "answer_after_missing": 0.08,
    "reason_before_the_end": 0.03,
    "reason_given_twice": 0.03,
}
"""How often somebody tries what the rules refuse, of the cases in which it can happen."""

QUEUES: Final = ("sales", "support", "billing", "returns")
ENTRY_POINTS: Final = ("main-number", "shop-number")
CONSULT_ENTRY_POINT: Final = "expert-line"
REASONS: Final = ("resolved", "callback-agreed", "order-taken", "complaint", "wrong-number")
