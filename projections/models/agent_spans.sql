-- One row per span of time in which an agent was in one state of a call.
with spans as (
    select
        call_position, call_id, source, entered_at, queue, party as agent, stay_number,
        state, state_number, began_at, ended_at, is_first_talk
    from stay_spans
    join stays using (call_position, stay_number)
    where party_kind = 'agent'
    union all by name
    select
        call_position, call_id, source, entered_at, queue, agent, 0 as stay_number,
        'wrap_up' as state, wrap_up_number as state_number,
        coalesce(agent_left_at, opened_at, applied_at) as began_at,
        case status when 'applied' then applied_at end as ended_at,
        false as is_first_talk
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
final as (
    select
        * replace (
            state::enum ('talk', 'hold', 'consult', 'conference', 'wrap_up', 'ring') as state,
            case when ended_at < began_at then began_at else ended_at end as ended_at
        ),
        seconds_between(began_at, ended_at) as span_seconds,
        ended_at is null as is_open
    from spans
)
select * from final
