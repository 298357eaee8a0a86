-- One row per call, found once for all models that say something of a row's call.
with entries as (
    select call_position, call_id, source, occurred_at as entered_at
    from source_events
    where version = 1
    union all
    -- Where the first event is a dead letter, those after it still say which call it is.
    select call_position, min(call_id), min(source), min(occurred_at)
    from source_events
    where call_position in (select position from dead_letters where state = 'waiting')
    group by call_position
),
arrivals as (
    select
        call_position,
        arg_min(occurred_at, version) as received_at,
        arg_min(channel, version) as channel,
        arg_min(queue, version) as queue,
        arg_min(entry_point, version) as entry_point
    from source_events
    where type = 'call.received.v1'
    group by call_position
),
endings as (
    select
        call_position,
        min(occurred_at) as call_ended_at,
        arg_min(ended_by::varchar, version) as ended_by
    from source_events
    where type = 'call.ended.v1'
    group by call_position
),
final as (
    select * exclude (received_at) replace (coalesce(received_at, entered_at) as entered_at)
    from entries
    left join arrivals using (call_position)
    left join endings using (call_position)
)
select * from final
