"""Consults: how often advice was asked for, whether it came, and what it became."""

from projections.reports.report import CALLS, Figure, Report, mean_of, sum_of

REPORT = Report(
    name="consults",
    title="Consults",
    question="How often did agents consult somebody during a call, and what came of it?",
    facts="""
select
  call_position, call_id, source, entered_at, queue, started_by as agent, false as is_denominator,
  target_kind, party, ended_how, is_answered, consult_seconds, failed_conference_count,
  is_first_of_call
from consults
""",
    figures=(
        Figure("consults", "count(*)", "started while handling a call"),
        Figure("calls", CALLS, "calls with a consult"),
        Figure("answered", "count(*) filter (is_answered)", "somebody answered"),
        Figure(
            "to_conference",
            "count(*) filter (ended_how = 'conference')",
            "merged into a conference",
        ),
        Figure("to_transfer", "count(*) filter (ended_how = 'transferred')", "ended by a transfer"),
        Figure(
            "failed_conferences",
            "coalesce(sum(failed_conference_count), 0)::bigint",
            "tried from a consult, and not built",
        ),
        Figure("consult_seconds", sum_of("consult_seconds"), "from the answer to the end or merge"),
        Figure(
            "mean_consult_seconds", mean_of("consult_seconds"), "over answered consults that ended"
        ),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=("target_kind", "party", "ended_how"),
    denominator="answered consults that have ended, for the mean",
)
