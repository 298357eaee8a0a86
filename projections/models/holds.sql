-- One row per hold of the customer, a hold during a consult included.
with beginnings as (
    select
        call_position,
        hold_number,
        min(version) as version,
        arg_min(occurred_at, version) as started_at,
        arg_min(actor, version) as started_by,
        any_value(consult_number) as consult_number
    from source_events
    where hold_number is not null and type in ('call.held.v1', 'call.consult-started.v1')
    group by call_position, hold_number
),
endings as (
    select
        call_position,
        hold_number,
        min(occurred_at) as taken_off_at,
        arg_min(type::varchar, version) as taken_off_by_type
    from source_events
    where hold_number is not null and type not in ('call.held.v1', 'call.consult-started.v1')
    group by call_position, hold_number
),
firsts as (
    select call_position, min(version) as first_version
    from beginnings
    group by call_position
),
final as (
    select
        call_position,
        call_id,
        source,
        entered_at,
        queue,
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
            when 'call.transferred-to-queue.v1' then 'transferred'
            when 'call.exited.v1' then 'customer_left'
            else case when call_ended_at is not null then 'call_ended' end
        end as ended_how,
        taken_off_at is null and call_ended_at is null as is_open,
        version = first_version as is_first_of_call
    from beginnings
    join firsts using (call_position)
    join source_calls using (call_position)
    left join endings using (call_position, hold_number)
)
select * from final
