"""Open work: calls that go on, and wrap-ups that nobody has closed."""

from projections.reports.report import Figure, Report

REPORT = Report(
    name="open",
    title="Open calls and wrap-ups",
    question="Which calls have not ended, and which ended ones still wait for a wrap-up reason?",
    facts="""
select
  call_position, call_id, source, entered_at, queue, last_owner as agent,
  is_closed as is_denominator, phase, is_open, open_wrap_up_count, is_incomplete, is_closed
from calls
""",
    figures=(
        Figure("open_calls", "count(*) filter (is_open)", "entered and not ended"),
        Figure(
            "missing_wrap_up",
            "count(*) filter (not is_open and not is_closed)",
            "ended calls with a wrap-up still open",
        ),
        Figure(
            "open_wrap_ups",
            "coalesce(sum(open_wrap_up_count), 0)::bigint",
            "wrap-ups without a reason, pending ones included",
        ),
        Figure(
            "incomplete",
            "count(*) filter (is_incomplete and not is_closed)",
            "not closed, and the source's record is known to be cut",
        ),
        Figure("entered", "count(*)", "all calls that entered"),
        Figure("closed", "count(*) filter (is_closed)", "ended, and no wrap-up open"),
    ),
    groupings=("agent", "queue", "source", "phase"),
    subject_groupings=(),
    denominator="all calls that entered",
    default_grouping=("phase",),
)
