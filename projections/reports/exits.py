"""Exits: who left, in which order, by what and why."""

from projections.reports.report import CALLS, Figure, Report, mean_of, sum_of

REPORT = Report(
    name="exits",
    title="Exits",
    question="Who left the calls, in which order, and why?",
    facts="""
select
  call_position, call_id, source, entered_at, queue,
  party as agent, false as is_denominator,
  exit_number, party_kind, party_role as role, reason, via, ended_by,
  case when initiated_by in ('customer', 'system', 'unknown') then initiated_by else 'agent' end
    as initiated_by,
  stayed_count, owner_after, after_call_start_seconds, after_conference_start_seconds,
  left_while_held and party_kind = 'customer' as left_while_held,
  agent_hung_up_first, post_call_seconds, is_first_of_call, is_first_of_reason
from exits
""",
    figures=(
        Figure("exits", "count(*)", "one per party that left"),
        Figure("calls", CALLS, "calls that somebody left"),
        Figure("by_customer", "count(*) filter (party_kind = 'customer')", "the customer's exits"),
        Figure(
            "agent_hung_up_first",
            "count(*) filter (agent_hung_up_first)",
            "the agent's exit precedes the customer's",
        ),
        Figure(
            "left_while_held",
            "count(*) filter (left_while_held)",
            "the customer's exit while on hold",
        ),
        Figure(
            "mean_after_call_start_seconds",
            mean_of("after_call_start_seconds"),
            "seconds from the call's start to the exit",
        ),
        Figure(
            "mean_after_conference_start_seconds",
            mean_of("after_conference_start_seconds"),
            "seconds from the conference's start, exits in conference only",
        ),
        Figure(
            "post_call_seconds",
            sum_of("post_call_seconds"),
            "from the customer's exit until at most one agent is left",
        ),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=(
        "reason",
        "role",
        "party_kind",
        "initiated_by",
        "via",
        "ended_by",
        "exit_number",
        "stayed_count",
        "owner_after",
    ),
    firsts={"reason": "is_first_of_reason"},
    denominator="means are over the exits that have the value",
    default_grouping=("reason",),
)
