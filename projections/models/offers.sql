-- One row per offer of a call to an agent.
with steps as (
    select *
    from source_events
    where offer_number is not null
),
offers_of_calls as (
    select
        call_position,
        offer_number,
        any_value(call_id) as call_id,
        any_value(source) as source,
        min(occurred_at) filter (type = 'call.offered.v1') as offered_at,
        arg_min(agent, version) filter (type = 'call.offered.v1') as agent,
        arg_min(queue, version) filter (type = 'call.offered.v1') as queue,
        arg_min(occurred_at, version) filter (type <> 'call.offered.v1') as resolved_at,
        arg_min(type::varchar, version) filter (type <> 'call.offered.v1') as resolved_by_type
    from steps
    group by call_position, offer_number
),
final as (
    select
        call_position,
        call_id,
        source,
        offer_number,
        agent,
        queue,
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
    from offers_of_calls
)
select * from final
