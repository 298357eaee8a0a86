"""Rule breaks: what other systems did although a rule forbids it."""

from projections.reports.report import CALLS, ENTERED_CALLS, Figure, Report

REPORT = Report(
    name="rule-breaks",
    title="Rules broken in observations",
    question="Which rules did other systems break, in which calls?",
    facts=f"""
select
  call_position, call_id, source, entered_at, queue, actor as agent, false as is_denominator,
  rule, type as event, is_first_of_call, is_first_of_rule
from rule_breaks
union all by name
select *, null::varchar as agent, true as is_denominator
from ({ENTERED_CALLS})
""",
    figures=(
        Figure(
            "rule_breaks", "count(*) filter (not is_denominator)", "one per event and rule broken"
        ),
        Figure(
            "calls",
            CALLS,
            "calls with at least one",
        ),
        Figure("entered", "nullif(count(*) filter (is_denominator), 0)", "all calls that entered"),
    ),
    groupings=("queue", "source"),
    subject_groupings=("rule", "event", "agent"),
    firsts={"rule": "is_first_of_rule"},
    denominator="all calls that entered",
    default_grouping=("rule",),
)
