-- One row per conference that was established.
with beginnings as (
    select
        call_position,
        conference_number,
        consult_number,
        version,
        occurred_at as started_at,
        actor as started_by,
        party as member,
        members
    from source_events
    where type = 'call.conference-started.v1'
),
later_joins as (
    select call_position, conference_number, arg_max(members, version) as members
    from source_events
    where type = 'call.conference-joined.v1'
    group by call_position, conference_number
),
endings as (
    select
        call_position,
        conference_number,
        min(occurred_at) as ended_at,
        arg_min(cause::varchar, version) as cause
    from source_events
    where type = 'call.conference-ended.v1'
    group by call_position, conference_number
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
        conference_number,
        started_at,
        coalesce(ended_at, call_ended_at) as ended_at,
        seconds_between(started_at, coalesce(ended_at, call_ended_at)) as conference_seconds,
        started_by,
        member,
        coalesce(later_joins.members, beginnings.members) as members,
        len(coalesce(later_joins.members, beginnings.members)) as member_count,
        consult_number,
        cause,
        ended_at is null and call_ended_at is null as is_open,
        version = first_version as is_first_of_call
    from beginnings
    join firsts using (call_position)
    join source_calls using (call_position)
    left join later_joins using (call_position, conference_number)
    left join endings using (call_position, conference_number)
)
select * from final
