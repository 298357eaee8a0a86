"""Agents: what each handled, and how long it took."""

from projections.reports.report import Figure, Report


def seconds(state: str) -> str:
    """The figure of the time in this state, as far as it is over."""
    return f"coalesce(sum(microseconds) filter (state = '{state}'), 0) / 1e6"


def count(of: str, which: str) -> str:
    """The figure that counts things of this kind, each where it began."""
    return f"coalesce(sum({of}) filter ({which} and is_beginning), 0)::bigint"


REPORT = Report(
    name="agents",
    title="Agents",
    question="What did each agent handle, hand over and take over, and how long did it take?",
    facts="""
with later_waits as (
  select call_position, queue_entry_number, transfer_number as brought_by, queued_at, queue
  from queue_entries
  where queue_entry_number > 1
),
queues as (
  select
    call_position, version,
    arg_max({queue: later_waits.queue}, queue_entry_number)
      filter (queued_at < accepted_at) as handed_over,
    arg_max({queue: later_waits.queue}, queue_entry_number)
      filter (queued_at < received_at or brought_by = transfer_number) as received
  from transfers
  join later_waits using (call_position)
  group by call_position, version
),
moved as (
  select
    transfers.*,
    case when handed_over is null then queue else handed_over.queue end as queue_before,
    case when received is null then queue else received.queue end as queue_after
  from transfers
  left join queues using (call_position, version)
)
select
  call_position, call_id, source, entered_at, queue, agent, false as is_denominator,
  began_at, ended_at, state, is_first_talk
from agent_spans
union all by name
select
  call_position, call_id, source, entered_at, queue_before as queue, from_agent as agent,
  false as is_denominator, accepted_at as began_at, accepted_at as ended_at, false as is_received
from moved
union all by name
select
  call_position, call_id, source, entered_at, queue_after as queue, to_party as agent,
  false as is_denominator, received_at as began_at, received_at as ended_at, true as is_received
from moved
where to_party_kind = 'agent'
""",
    is_of_time=True,
    alike=("state", "is_first_talk", "is_received"),
    figures_of_a_call=(
        "contacts_handled",
        "talk_seconds",
        "hold_seconds",
        "conference_seconds",
        "consult_seconds",
        "wrap_up_seconds",
        "ring_seconds",
    ),
    figures=(
        Figure(
            "contacts_handled",
            count("things", "is_first_talk"),
            "every connection with a customer, where it begins",
        ),
        Figure("talk_seconds", seconds("talk"), "with the customer, not on hold"),
        Figure("hold_seconds", seconds("hold"), "the customer on hold meanwhile"),
        Figure("conference_seconds", seconds("conference"), "the agent's own stay in conference"),
        Figure("consult_seconds", seconds("consult"), "as the consulted party"),
        Figure("wrap_up_seconds", seconds("wrap_up"), "from the agent's own end to the reason"),
        Figure(
            "ring_seconds", seconds("ring"), "kept for a call that was offered, until its outcome"
        ),
        Figure(
            "wrap_ups",
            count("things_over", "state = 'wrap_up'"),
            "with a reason, by the agent or by default, where the wrap-up begins",
        ),
        Figure(
            "transferred_in",
            count("things", "is_received"),
            "calls received by transfer, when the agent accepted or answered in the queue",
        ),
        Figure(
            "transferred_out",
            count("things", "not is_received"),
            "calls handed over, at the acceptance or, to a queue, at the request",
        ),
        Figure(
            "mean_handle_seconds",
            "sum(microseconds) filter (state in ('talk', 'hold', 'wrap_up'))"
            f" / (nullif({count('things', 'is_first_talk')}, 0) * 1e6)",
            "(talk + hold + wrap-up) ÷ contacts handled",
        ),
    ),
    groupings=("agent", "queue", "source"),
    subject_groupings=(),
    denominator="contacts handled: every connection of an agent with a customer",
    default_grouping=("agent",),
)
