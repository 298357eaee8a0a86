-- One row per span of time in which an agent was in one state of a call.
with later_waits as (
    select
        call_position,
        list(
            {queue_entry_number: queue_entry_number, queued_at: queued_at, queue: queue}
            order by queue_entry_number
        ) as waits
    from queue_entries
    where queue_entry_number > 1
    group by call_position
),
spans as (
    select
        call_position, call_id, source, entered_at, queue, party as agent, stay_number,
        state, state_number, began_at, ended_at, is_first_talk,
        queue_entry_number, joined_at as follows_at
    from stay_spans
    join stays using (call_position, stay_number)
    where party_kind = 'agent'
    union all by name
    select
        call_position, call_id, source, entered_at, queue, agent, 0 as stay_number,
        'wrap_up' as state, wrap_up_number as state_number,
        coalesce(agent_left_at, opened_at, applied_at) as began_at,
        case status when 'applied' then applied_at end as ended_at,
        false as is_first_talk,
        1 as queue_entry_number, coalesce(agent_left_at, opened_at, applied_at) as follows_at
    from wrap_ups
    where status in ('applied', 'open')
    union all by name
    select
        call_position, call_id, source, entered_at, queue, agent, 0 as stay_number,
        'ring' as state, offer_number as state_number,
        offered_at as began_at, resolved_at as ended_at,
        false as is_first_talk
    from offers
),
-- What an agent does belongs to the queue out of which the call came last before the agent's stay.
final as (
    select
        spans.* exclude (queue_entry_number, follows_at) replace (
            case
                when waits is null or follows_at is null then queue
                else list_last(
                    list_prepend(
                        {queue_entry_number: 1::bigint, queued_at: entered_at, queue: queue},
                        list_filter(
                            waits,
                            lambda one:
                                one.queue_entry_number <= spans.queue_entry_number
                                or one.queued_at < follows_at
                        )
                    )
                ).queue
            end as queue,
            state::enum ('talk', 'hold', 'consult', 'conference', 'wrap_up', 'ring') as state,
            case when ended_at < began_at then began_at else ended_at end as ended_at
        ),
        seconds_between(began_at, ended_at) as span_seconds,
        ended_at is null as is_open
    from spans
    left join later_waits using (call_position)
)
select * from final
