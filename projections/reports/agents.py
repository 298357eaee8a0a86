"""Agents: what each handled, and how long it took."""

from projections.reports.report import Figure, Report

REPORT = Report(
    name="agents",
    title="Agents",
    question="What did each agent handle, hand over and take over, and how long did it take?",
    facts="""
select
  call_position, call_id, source, entered_at, queue, party as agent, false as is_denominator,
  (talk_from_at is not null)::int as contacts, talk_seconds,
  hold_seconds, conference_seconds, consult_seconds
from participants
where party_kind = 'agent'
union all by name
select
  call_position, call_id, source, entered_at, queue, agent, false as is_denominator,
  (status = 'applied')::int as wrap_ups,
  case when status = 'applied' then wrap_up_seconds end as wrap_up_seconds
from wrap_ups
union all by name
select
  call_position, call_id, source, entered_at, queue, from_agent as agent,
  false as is_denominator, 1 as transferred_out
from transfers
union all by name
select
  call_position, call_id, source, entered_at, queue, to_party as agent,
  false as is_denominator, 1 as transferred_in
from transfers
where to_party_kind = 'agent'
""",
    figures=(
        Figure(
            "contacts_handled",
            "coalesce(sum(contacts), 0)::bigint",
            "every connection with a customer",
        ),
        Figure("talk_seconds", "sum(talk_seconds)", "with the customer, not on hold"),
        Figure("hold_seconds", "sum(hold_seconds)", "the customer on hold meanwhile"),
        Figure(
            "conference_seconds", "sum(conference_seconds)", "the agent's own stay in conference"
        ),
        Figure("consult_seconds", "sum(consult_seconds)", "as the consulted party"),
        Figure("wrap_up_seconds", "sum(wrap_up_seconds)", "from the agent's own end to the reason"),
        Figure(
            "wrap_ups",
            "coalesce(sum(wrap_ups), 0)::bigint",
            "reasons given, by the agent or by default",
        ),
        Figure(
            "transferred_in",
            "coalesce(sum(transferred_in), 0)::bigint",
            "calls received by transfer",
        ),
        Figure("transferred_out", "coalesce(sum(transferred_out), 0)::bigint", "calls handed over"),
        Figure(
            "mean_handle_seconds",
            "(coalesce(sum(talk_seconds), 0) + coalesce(sum(hold_seconds), 0)"
            " + coalesce(sum(wrap_up_seconds), 0)) / nullif(sum(contacts), 0)",
            "(talk + hold + wrap-up) ÷ contacts handled",
        ),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=(),
    denominator="contacts handled: every connection of an agent with a customer",
    default_grouping=("agent",),
)
