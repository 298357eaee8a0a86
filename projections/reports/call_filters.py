"""By what calls are found: the same on the command line, over HTTP and in the console."""

from __future__ import annotations

from typing import Final

WITH: Final = "call_position in (select call_position from {} where {})"
REFUSED: Final = "(source, call_id) in (select (source, call_id) from refusals{})"

CUSTOMER: Final = "customer"
"""The filter that is for those who may read what people have said."""

CONDITIONS: Final = {
    "agent": WITH.format("participants", "party = {value} and party_kind = 'agent'"),
    CUSTOMER: WITH.format("events", "type = 'call.received.v1' and customer = {value}"),
    "queue": WITH.format("queue_entries", "queue = {value}"),
    "source": "source = {value}",
    "phase": "phase = {value}",
    "open": "is_open = {value}",
    "incomplete": "is_incomplete = {value}",
    "transferred": "(transfer_count > 0) = {value}",
    "conference": "(conference_count > 0) = {value}",
    "refused": f"({REFUSED.format('')}) = {{value}}",
    "reason": WITH.format("wrap_ups", "reason = {value} and status = 'applied'"),
    "rule": (
        f"({WITH.format('rule_breaks', 'rule = {value}')}"
        f" or {REFUSED.format(' where rule = {value}')})"
    ),
}
"""What holds for a row of `calls`; `{value}` is the parameter, yes or no for some of them."""

NAMES: Final = {
    "agent": "select party from participants where party_kind = 'agent'",
    "queue": "select queue from queue_entries where queue is not null",
    "source": "select source from calls",
    "reason": "select reason from wrap_ups where status = 'applied' and reason is not null",
    "rule": "select rule from rule_breaks union select rule from refusals where rule is not null",
}
"""Where the names are by which filters find calls; a customer is named to nobody."""

YES_OR_NO: Final = ("open", "incomplete", "transferred", "conference", "refused")


def condition(name: str, parameter: str | None = None) -> str:
    """The condition of a filter as SQL, with a named parameter: that of its name, or another."""
    return CONDITIONS[name].format(value=f"${parameter or name}")


def names_of_calls(name: str) -> str:
    """The query for the names that calls have by which a filter finds them, in order."""
    return f"select distinct name from ({NAMES[name]}) as named (name) order by name"
