"""Transfers: who handed over to whom, how, and what came of it."""

from projections.reports.report import CONTACTS, Figure, Report

REPORT = Report(
    name="transfers",
    title="Transfers",
    question="How many calls changed hands, in which way, and how many requests did not succeed?",
    facts=f"""
select
  call_position, call_id, source, entered_at, queue, from_agent as agent,
  false as is_denominator, kind, target_kind, target, outcome, received_by as receiver
from transfer_requests
union all by name
{CONTACTS}
""",
    figures=(
        Figure(
            "transfers",
            "count(*) filter (outcome = 'accepted')",
            "counted when accepted, or when requested to a queue or an entry point",
        ),
        Figure(
            "blind",
            "count(*) filter (outcome = 'accepted' and kind = 'blind')",
            "no consult before",
        ),
        Figure(
            "consult",
            "count(*) filter (outcome = 'accepted' and kind = 'consult')",
            "after an answered consult with the receiver",
        ),
        Figure(
            "conference",
            "count(*) filter (outcome = 'accepted' and kind = 'conference')",
            "the owner leaves a conference and another agent carries on",
        ),
        Figure(
            "failed",
            "count(*) filter (outcome in ('declined', 'failed', 'withdrawn'))",
            "requested, and declined, failed or withdrawn",
        ),
        Figure(
            "contacts_handled",
            "nullif(count(*) filter (is_denominator), 0)",
            "every agent connection to a customer",
        ),
        Figure(
            "transfer_rate",
            "count(*) filter (outcome = 'accepted') / nullif(count(*) filter (is_denominator), 0)",
            "transfers ÷ contacts handled",
        ),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=("kind", "target_kind", "target", "outcome", "receiver"),
    denominator="contacts handled: every connection of an agent with a customer",
)
