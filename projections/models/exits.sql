-- One row per party that left, in the order of leaving.
with final as (
    select
        departures.call_position,
        source_calls.call_id,
        source_calls.source,
        source_calls.entered_at,
        source_calls.queue,
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
        seconds_between(source_calls.entered_at, departures.occurred_at) as after_call_start_seconds,
        seconds_between(conferences.started_at, departures.occurred_at) as after_conference_start_seconds,
        departures.conference_number,
        departures.stayed,
        len(departures.stayed) as stayed_count,
        departures.owner_after,
        departures.hold_number is not null as left_while_held
    from source_events as departures
    join source_calls using (call_position)
    left join conferences using (call_position, conference_number)
    where departures.type = 'call.exited.v1'
)
select * from final
