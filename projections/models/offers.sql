-- One row per offer of a call to an agent.
with offered as (
    select
        call_position, offer_number, agent, queue, occurred_at as offered_at,
        coalesce(queue_entry_number, 1) as queue_entry_number
    from source_events
    where type = 'call.offered.v1'
),
-- What the agent did with it goes before what became of the call meanwhile.
resolved as (
    select
        call_position,
        offer_number,
        arg_min(occurred_at, version) as resolved_at,
        arg_min(type::varchar, version) as resolved_by_type
    from source_events
    where
        offer_number is not null
        and type in ('call.answered.v1', 'call.offer-missed.v1', 'call.offer-declined.v1')
    group by call_position, offer_number
),
closed as (
    select
        call_position,
        offer_number,
        arg_min(occurred_at, version) as closed_at,
        arg_min(
            case type
                when 'call.abandoned.v1' then 'abandoned'
                when 'call.ended.v1' then 'call_ended'
                else outcome::varchar
            end,
            version
        ) as closed_by
    from source_events
    where
        offer_number is not null
        and type in ('call.offer-closed.v1', 'call.abandoned.v1', 'call.ended.v1')
    group by call_position, offer_number
),
final as (
    select
        call_position,
        source_calls.call_id,
        source_calls.source,
        source_calls.entered_at,
        offer_number,
        agent,
        coalesce(offered.queue, queue_entries.queue) as queue,
        queue_entry_number,
        offered_at,
        -- An offer that was told after its wait had ended is open no more.
        coalesce(resolved_at, closed_at, queue_entries.ended_at, call_ended_at) as resolved_at,
        seconds_between(
            offered_at, coalesce(resolved_at, closed_at, queue_entries.ended_at, call_ended_at)
        ) as ring_seconds,
        case
            when resolved_by_type = 'call.answered.v1' then 'answered'
            when resolved_by_type = 'call.offer-missed.v1' then 'missed'
            when resolved_by_type = 'call.offer-declined.v1' then 'declined'
            when closed_by is not null then closed_by
            when queue_entries.outcome = 'answered' and answered_by = agent then 'answered'
            when queue_entries.outcome = 'answered' then 'answered_elsewhere'
            when queue_entries.outcome in ('abandoned', 'transferred') then queue_entries.outcome
            when queue_entries.ended_at is not null or call_ended_at is not null then 'call_ended'
            else 'open'
        end as outcome
    from offered
    join source_calls using (call_position)
    left join resolved using (call_position, offer_number)
    left join closed using (call_position, offer_number)
    left join queue_entries using (call_position, queue_entry_number)
)
select * from final
