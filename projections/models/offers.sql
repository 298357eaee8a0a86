-- One row per offer of a call to an agent.
with offered as (
    select call_position, offer_number, agent, queue, occurred_at as offered_at
    from source_events
    where type = 'call.offered.v1'
),
resolved as (
    select
        call_position,
        offer_number,
        arg_min(occurred_at, version) as resolved_at,
        arg_min(type::varchar, version) as resolved_by_type
    from source_events
    where offer_number is not null and type <> 'call.offered.v1'
    group by call_position, offer_number
),
final as (
    select
        call_position,
        call_id,
        source,
        entered_at,
        offer_number,
        agent,
        offered.queue,
        offered_at,
        resolved_at,
        seconds_between(offered_at, resolved_at) as ring_seconds,
        case resolved_by_type
            when 'call.answered.v1' then 'answered'
            when 'call.offer-missed.v1' then 'missed'
            when 'call.offer-declined.v1' then 'declined'
            when 'call.abandoned.v1' then 'abandoned'
            when 'call.ended.v1' then 'call_ended'
            else 'open'
        end as outcome
    from offered
    join source_calls using (call_position)
    left join resolved using (call_position, offer_number)
)
select * from final
