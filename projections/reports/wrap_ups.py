"""Wrap-ups: every reason given, by whom, and how long it took."""

from projections.reports.report import CALLS, Figure, Report, mean_of

REPORT = Report(
    name="wrap-ups",
    title="Wrap-ups",
    question="Which wrap-up reasons were given, by choice or by default, and which are missing?",
    facts="""
select
  call_position, call_id, source, entered_at, queue,
  agent, false as is_denominator, status, reason, mode, wrap_up_seconds,
  extension_count, is_corrected, is_missing, is_first_of_call, is_first_of_reason
from wrap_ups
""",
    figures=(
        Figure(
            "wrap_ups",
            "count(*) filter (status = 'applied')",
            "one per agent and wrap-up; all of them, not the last only",
        ),
        Figure(
            "calls",
            CALLS,
            "calls with at least one wrap-up reason",
        ),
        Figure(
            "auto_default",
            "count(*) filter (status = 'applied' and mode = 'auto_default')",
            "the default reason, applied when the time was out",
        ),
        Figure(
            "auto_wrap_up_share",
            "count(*) filter (status = 'applied' and mode = 'auto_default')"
            " / nullif(count(*) filter (status = 'applied'), 0)",
            "auto_default ÷ all wrap-ups",
        ),
        Figure(
            "mean_wrap_up_seconds",
            mean_of("wrap_up_seconds", "status = 'applied'"),
            "from the agent's own end to the reason, as recorded",
        ),
        Figure(
            "void", "count(*) filter (status = 'void')", "closed by a transfer that fell through"
        ),
        Figure("corrected", "count(*) filter (is_corrected)", "the reason was corrected later"),
        Figure(
            "missing", "count(*) filter (is_missing)", "the call has ended, the wrap-up is open"
        ),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=("reason", "mode", "status"),
    calls_of="status = 'applied'",
    firsts={"reason": "is_first_of_reason"},
    denominator="all wrap-ups with a reason",
    default_grouping=("reason",),
)
