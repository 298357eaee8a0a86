"""Abandoned calls: customers who gave up in the queue."""

from projections.reports.report import Figure, Report, mean_of

REPORT = Report(
    name="abandoned",
    title="Abandoned calls",
    question="How many customers gave up in the queue, and after how long?",
    facts="""
select
  call_position, call_id, source, entered_at, queue, null::varchar as agent,
  outcome <> 'abandoned' as is_denominator, outcome = 'abandoned' as is_abandoned, is_queued,
  queue_entry_number = 1 as is_entering, entry_point, wait_seconds
from queue_entries
""",
    figures=(
        Figure(
            "abandoned",
            "count(*) filter (is_abandoned)",
            "left by the customer while waiting for an agent",
        ),
        Figure(
            "queued",
            "count(*) filter (is_queued)",
            "entered a queue, at their arrival or by a transfer to it",
        ),
        Figure("entered", "count(*) filter (is_entering)", "all calls that entered"),
        Figure(
            "abandon_rate",
            "count(*) filter (is_abandoned and is_queued) / nullif(count(*) filter (is_queued), 0)",
            "abandoned in a queue ÷ queued",
        ),
        Figure(
            "abandon_rate_of_entered",
            "count(*) filter (is_abandoned) / nullif(count(*) filter (is_entering), 0)",
            "abandoned ÷ all that entered",
        ),
        Figure(
            "mean_wait_seconds",
            mean_of("wait_seconds", "is_abandoned"),
            "from entering the queue to giving up",
        ),
        Figure(
            "longest_wait_seconds",
            "max(wait_seconds) filter (is_abandoned)",
            "the longest wait that ended in giving up",
        ),
    ),
    groupings=("queue", "source", "entry_point"),
    subject_groupings=(),
    denominator="queued contacts; the rate over all that entered is shown beside it",
    default_grouping=("queue",),
)
