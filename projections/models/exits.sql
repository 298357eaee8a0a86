-- One row per party that left, in the order of leaving.
with departures as (
    select *
    from source_events
    where type = 'call.exited.v1'
),
starts as (
    select call_position, occurred_at as call_started_at
    from source_events
    where version = 1
),
final as (
    select
        departures.call_position,
        departures.call_id,
        departures.source,
        departures.exit_number,
        departures.stay_number,
        departures.position,
        departures.version,
        departures.occurred_at as exited_at,
        departures.party,
        departures.party_kind,
        departures.party_role,
        departures.initiated_by,
        departures.via,
        departures.reason,
        seconds_between(starts.call_started_at, departures.occurred_at) as after_call_start_seconds,
        seconds_between(conferences.started_at, departures.occurred_at) as after_conference_start_seconds,
        departures.conference_number,
        departures.stayed,
        len(departures.stayed) as stayed_count,
        departures.owner_after,
        departures.hold_number is not null as left_while_held
    from departures
    left join starts using (call_position)
    left join conferences
        on departures.conference_number is not null
        and conferences.call_position = departures.call_position
        and conferences.conference_number = departures.conference_number
)
select * from final
