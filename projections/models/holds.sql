-- One row per hold of the customer, a hold during a consult included.
with steps as (
    select *
    from source_events
    where hold_number is not null
),
endings as (
    select call_position, min(occurred_at) as call_ended_at
    from source_events
    where type = 'call.ended.v1'
    group by call_position
),
holds_of_calls as (
    select
        call_position,
        hold_number,
        any_value(call_id) as call_id,
        any_value(source) as source,
        min(occurred_at) filter (type in ('call.held.v1', 'call.consult-started.v1')) as started_at,
        arg_min(actor, version) filter (type in ('call.held.v1', 'call.consult-started.v1')) as started_by,
        arg_min(consult_number, version) filter (type = 'call.consult-started.v1') as consult_number,
        min(occurred_at) filter (type not in ('call.held.v1', 'call.consult-started.v1')) as taken_off_at,
        arg_min(type::varchar, version) filter (type not in ('call.held.v1', 'call.consult-started.v1')) as taken_off_by_type
    from steps
    group by call_position, hold_number
),
final as (
    select
        call_position,
        call_id,
        source,
        hold_number,
        started_at,
        coalesce(taken_off_at, call_ended_at) as ended_at,
        seconds_between(started_at, coalesce(taken_off_at, call_ended_at)) as hold_seconds,
        started_by,
        consult_number,
        case taken_off_by_type
            when 'call.resumed.v1' then 'resumed'
            when 'call.conference-started.v1' then 'conference'
            when 'call.transfer-accepted.v1' then 'transferred'
            when 'call.exited.v1' then 'customer_left'
            else case when call_ended_at is not null then 'call_ended' end
        end as ended_how,
        taken_off_at is null and call_ended_at is null as is_open
    from holds_of_calls
    left join endings using (call_position)
)
select * from final
