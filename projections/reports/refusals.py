"""Refusals: what was asked and not allowed, by whom, and by which rule."""

from projections.reports.report import ENTERED_CALLS, Figure, Report

REPORT = Report(
    name="refusals",
    title="Refused commands",
    question="What was refused, to whom, and by which rule?",
    facts=f"""
select
  coalesce(calls.call_position, 0) as call_position, refusals.call_id, refusals.source,
  coalesce(calls.entered_at, refusals.refused_at) as entered_at, calls.queue,
  refusals.actor as agent, false as is_denominator, refusals.rule, refusals.command,
  refusals.role, refusals.via
from refusals left join ({ENTERED_CALLS}) as calls using (source, call_id)
""",
    figures=(
        Figure("refusals", "count(*)", "commands refused; each is kept as evidence"),
        Figure("calls", "count(distinct (source, call_id))", "calls they were about"),
        Figure("actors", "count(distinct agent)", "who asked"),
        Figure("rules", "count(distinct rule)", "different rules that refused"),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=("rule", "command", "role", "via"),
    denominator="none: these are counts",
    default_grouping=("rule",),
    entries="chosen",
)
