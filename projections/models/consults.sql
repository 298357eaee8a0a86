-- One row per consult, answered or not.
with steps as (
    select
        call_position, consult_number, type, version, occurred_at, actor, party, party_kind,
        target_kind, target, hold_number, stay_number
    from source_events
    where consult_number is not null and type <> 'call.transfer-requested.v1'
),
consults_of_calls as (
    select
        call_position,
        consult_number,
        min(occurred_at) filter (type = 'call.consult-started.v1') as started_at,
        arg_min(actor, version) filter (type = 'call.consult-started.v1') as started_by,
        arg_min(target_kind::varchar, version) filter (type = 'call.consult-started.v1') as target_kind,
        arg_min(target, version) filter (type = 'call.consult-started.v1') as target,
        arg_min(hold_number, version) filter (type = 'call.consult-started.v1') as hold_number,
        min(occurred_at) filter (type = 'call.consult-answered.v1') as answered_at,
        arg_min(party, version) filter (type = 'call.consult-answered.v1') as party,
        arg_min(party_kind::varchar, version) filter (type = 'call.consult-answered.v1') as party_kind,
        arg_min(stay_number, version) filter (type = 'call.consult-answered.v1') as stay_number,
        count(*) filter (type = 'call.conference-failed.v1') as failed_conference_count,
        min(occurred_at) filter (type in (
            'call.consult-declined.v1', 'call.consult-cancelled.v1', 'call.consult-ended.v1',
            'call.conference-started.v1', 'call.conference-joined.v1', 'call.transfer-accepted.v1',
            'call.exited.v1'
        )) as ended_at,
        arg_min(type::varchar, version) filter (type in (
            'call.consult-declined.v1', 'call.consult-cancelled.v1', 'call.consult-ended.v1',
            'call.conference-started.v1', 'call.conference-joined.v1', 'call.transfer-accepted.v1',
            'call.exited.v1'
        )) as ended_by_type
    from steps
    group by call_position, consult_number
),
firsts as (
    select call_position, min(consult_number) as first_number
    from steps
    group by call_position
),
final as (
    select
        call_position,
        call_id,
        source,
        entered_at,
        queue,
        consult_number,
        started_at,
        answered_at,
        coalesce(ended_at, call_ended_at) as ended_at,
        seconds_between(started_at, coalesce(answered_at, ended_at, call_ended_at)) as ring_seconds,
        seconds_between(answered_at, coalesce(ended_at, call_ended_at)) as consult_seconds,
        started_by,
        target_kind,
        target,
        party,
        party_kind,
        stay_number,
        hold_number,
        case ended_by_type
            when 'call.consult-declined.v1' then 'declined'
            when 'call.consult-cancelled.v1' then 'cancelled'
            when 'call.consult-ended.v1' then 'ended'
            when 'call.conference-started.v1' then 'conference'
            when 'call.conference-joined.v1' then 'conference'
            when 'call.transfer-accepted.v1' then 'transferred'
            when 'call.exited.v1' then 'customer_left'
            else case when call_ended_at is not null then 'call_ended' end
        end as ended_how,
        failed_conference_count,
        answered_at is not null as is_answered,
        ended_at is null and call_ended_at is null as is_open,
        consult_number = first_number as is_first_of_call
    from consults_of_calls
    join firsts using (call_position)
    join source_calls using (call_position)
)
select * from final
