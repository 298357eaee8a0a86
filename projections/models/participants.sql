-- One row per stay of one party in a call; who comes back stays again.
with seconds_of_spans as (
    select *, seconds_between(began_at, ended_at) as span_seconds
    from stay_spans
),
seconds_of_stays as (
    select
        call_position,
        stay_number,
        round(sum(span_seconds) filter (state = 'talk'), 6) as talk_seconds,
        round(sum(span_seconds) filter (state = 'hold'), 6) as hold_seconds,
        round(sum(span_seconds) filter (state = 'consult'), 6) as consult_seconds,
        round(sum(span_seconds) filter (state = 'conference'), 6) as conference_seconds
    from seconds_of_spans
    group by call_position, stay_number
),
promotions as (
    select
        stays.call_position,
        stays.stay_number,
        max(steps.version) as promoted_version
    from stays
    join source_events as steps
        on steps.call_position = stays.call_position
        and steps.version > stays.joined_version
        and (
            (steps.type = 'call.transfer-accepted.v1' and steps.party = stays.party)
            or (steps.type = 'call.exited.v1' and steps.owner_after = stays.party)
        )
    where stays.left_at is null and stays.role_first <> 'customer'
    group by stays.call_position, stays.stay_number
),
final as (
    select
        stays.call_position,
        stays.call_id,
        stays.source,
        stays.entered_at,
        stays.queue,
        stays.stay_number,
        stays.party,
        stays.party_kind,
        stays.role_first,
        case
            when stays.role_at_exit is not null then stays.role_at_exit
            when promotions.promoted_version is not null then 'owner'
            when stays.role_first = 'consulted' and stays.talk_from_at is not null then 'member'
            else stays.role_first
        end as role_last,
        stays.joined_at,
        stays.left_at,
        stays.talk_from_at,
        stays.talk_until_at,
        seconds_between(stays.joined_at, stays.left_at) as stay_seconds,
        coalesce(talk_seconds, 0.0) as talk_seconds,
        coalesce(hold_seconds, 0.0) as hold_seconds,
        coalesce(consult_seconds, 0.0) as consult_seconds,
        coalesce(conference_seconds, 0.0) as conference_seconds,
        stays.exit_number,
        stays.exit_reason,
        stays.left_at is null as is_open
    from stays
    left join seconds_of_stays using (call_position, stay_number)
    left join promotions using (call_position, stay_number)
)
select * from final
