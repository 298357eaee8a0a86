"""By what calls are chosen: who was in them, where they stand, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Query

from domain.vocabulary import Phase
from entrypoints.http.dependencies import made_at_once
from projections.reports.call_filters import CUSTOMER, condition

if TYPE_CHECKING:
    from projections.serving.sandbox import Value


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
        is_open: Annotated[
            bool | None, Query(alias="open", description="Whether it is not over.")
        ] = None,
        incomplete: Annotated[
            bool | None, Query(description="Whether something of it is known to be missing.")
        ] = None,
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
            "open": is_open,
            "incomplete": incomplete,
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
        return [condition(name) for name in self.parameters]


Filters = Annotated[CallFilters, Depends(made_at_once(CallFilters))]
