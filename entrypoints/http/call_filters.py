"""By what calls are chosen: who was in them, where they stand, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Query

from domain.vocabulary import Phase

if TYPE_CHECKING:
    from projections.serving.sandbox import Value

WITH: Final = "call_position in (select call_position from {} where {})"
REFUSED: Final = "(source, call_id) in (select (source, call_id) from refusals{})"
CUSTOMER: Final = "customer"
"""The filter that is for those who may read what people have said."""

CONDITIONS: Final = {
    "agent": WITH.format("participants", "party = $agent and party_kind = 'agent'"),
    CUSTOMER: WITH.format("events", "type = 'call.received.v1' and customer = $customer"),
    "queue": WITH.format("queue_entries", "queue = $queue"),
    "source": "source = $source",
    "phase": "phase = $phase",
    "transferred": "(transfer_count > 0) = $transferred",
    "conference": "(conference_count > 0) = $conference",
    "refused": f"({REFUSED.format('')}) = $refused",
    "reason": WITH.format("wrap_ups", "reason = $reason and status = 'applied'"),
    "rule": (
        f"({WITH.format('rule_breaks', 'rule = $rule')} or {REFUSED.format(' where rule = $rule')})"
    ),
}


class CallFilters:
    """The filters of a list of calls, as a request gives them."""

    def __init__(
        self,
        agent: Annotated[str | None, Query(description="An agent who was in the call.")] = None,
        customer: Annotated[
            str | None, Query(description="Whose call it is, for auditors.")
        ] = None,
        queue: Annotated[str | None, Query(description="A queue that the call was in.")] = None,
        source: Annotated[str | None, Query(description="Only calls of this source.")] = None,
        phase: Annotated[Phase | None, Query(description="Where it stands.")] = None,
        transferred: Annotated[
            bool | None, Query(description="Whether it was handed over.")
        ] = None,
        conference: Annotated[
            bool | None, Query(description="Whether there was a conference.")
        ] = None,
        refused: Annotated[
            bool | None, Query(description="Whether something was refused in it.")
        ] = None,
        reason: Annotated[str | None, Query(description="A wrap-up reason that was given.")] = None,
        rule: Annotated[
            str | None, Query(description="A rule that was broken, or that refused something.")
        ] = None,
    ) -> None:
        given: dict[str, Value] = {
            "agent": agent,
            CUSTOMER: customer,
            "queue": queue,
            "source": source,
            "phase": phase and phase.value,
            "transferred": transferred,
            "conference": conference,
            "refused": refused,
            "reason": reason,
            "rule": rule,
        }
        self.parameters = {name: one for name, one in given.items() if one is not None}

    @property
    def conditions(self) -> list[str]:
        """What holds for a row of `calls`."""
        return [CONDITIONS[name] for name in self.parameters]


Filters = Annotated[CallFilters, Depends()]
