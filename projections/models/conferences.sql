-- One row per conference that was established.
with steps as (
    select *
    from source_events
    where
        conference_number is not null
        and type in (
            'call.conference-started.v1', 'call.conference-joined.v1', 'call.conference-ended.v1'
        )
),
conferences_of_calls as (
    select
        call_position,
        conference_number,
        any_value(call_id) as call_id,
        any_value(source) as source,
        min(occurred_at) filter (type = 'call.conference-started.v1') as started_at,
        arg_min(actor, version) filter (type = 'call.conference-started.v1') as started_by,
        arg_min(party, version) filter (type = 'call.conference-started.v1') as member,
        arg_max(members, version) filter (members is not null) as members,
        arg_min(consult_number, version) filter (type = 'call.conference-started.v1') as consult_number,
        min(occurred_at) filter (type = 'call.conference-ended.v1') as ended_at,
        arg_min(cause::varchar, version) filter (type = 'call.conference-ended.v1') as cause
    from steps
    group by call_position, conference_number
),
final as (
    select
        call_position,
        call_id,
        source,
        conference_number,
        started_at,
        ended_at,
        seconds_between(started_at, ended_at) as conference_seconds,
        started_by,
        member,
        members,
        len(members) as member_count,
        consult_number,
        cause,
        ended_at is null as is_open
    from conferences_of_calls
)
select * from final
