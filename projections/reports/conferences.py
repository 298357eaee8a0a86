"""Conferences: established ones, how long, and how they ended."""

from projections.reports.report import ANSWERED_CALLS, CALLS, Figure, Report, mean_of, sum_of

REPORT = Report(
    name="conferences",
    title="Conferences",
    question="How many conferences were held, for how long, and what ended them?",
    facts=f"""
select
  call_position, call_id, source, entered_at, queue, started_by as agent, false as is_denominator,
  cause, member_count, conference_seconds, is_first_of_call
from conferences
union all by name
{ANSWERED_CALLS}
""",
    figures=(
        Figure(
            "conferences", "count(*) filter (not is_denominator)", "established, not merely tried"
        ),
        Figure(
            "calls",
            CALLS,
            "calls with a conference",
        ),
        Figure(
            "conference_seconds",
            sum_of("conference_seconds"),
            "from the start until fewer than two agents or no customer",
        ),
        Figure("mean_conference_seconds", mean_of("conference_seconds"), "over ended conferences"),
        Figure("most_members", "max(member_count)", "the customer included"),
        Figure(
            "answered_calls",
            "nullif(count(*) filter (is_denominator), 0)",
            "calls that an agent answered",
        ),
        Figure(
            "conference_share",
            f"{CALLS} / nullif(count(*) filter (is_denominator), 0)",
            "calls with a conference ÷ answered calls",
        ),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=("cause", "member_count"),
    denominator="calls that an agent answered, counted for the first who did",
)
