"""Holds: how often and how long the customer waited on hold."""

from projections.reports.report import (
    ANSWERED_CALLS,
    CALLS,
    CALLS_WITH_TIME,
    Figure,
    Report,
    microseconds,
    sum_of,
)

REPORT = Report(
    name="holds",
    title="Holds",
    question="How often and how long was the customer on hold, and who left while held?",
    facts=f"""
select
  call_position, call_id, source, entered_at, queue, started_by as agent, false as is_denominator,
  ended_how, consult_number is not null as during_consult, hold_seconds,
  is_first_of_call
from holds
union all by name
{ANSWERED_CALLS}
""",
    figures=(
        Figure(
            "holds",
            "count(*) filter (not is_denominator)",
            "customer on hold, the hold during a consult included",
        ),
        Figure(
            "held_calls",
            CALLS,
            "calls with at least one hold",
        ),
        Figure("hold_seconds", sum_of("hold_seconds"), "time on hold, ended holds only"),
        Figure(
            "mean_hold_seconds_per_held_call",
            f"sum({microseconds('hold_seconds')}) / (nullif({CALLS_WITH_TIME}, 0) * 1e6)",
            "hold time ÷ held calls with a hold that has ended",
        ),
        Figure("longest_hold_seconds", "max(hold_seconds)", "the longest single hold"),
        Figure(
            "left_while_held",
            "count(*) filter (ended_how = 'customer_left')",
            "the customer's exit while on hold",
        ),
        Figure(
            "answered_calls",
            "nullif(count(*) filter (is_denominator), 0)",
            "calls that an agent answered",
        ),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=("ended_how", "during_consult"),
    timed="hold_seconds is not null",
    denominator="held calls with a hold that has ended, for the mean; answered calls are shown"
    " beside them",
)
