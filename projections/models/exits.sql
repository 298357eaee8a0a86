-- One row per party that left, in the order of leaving.
with exits_by_reason as (
    select
        call_position,
        reason,
        min(version) as first_version,
        min(occurred_at) filter (party_kind = 'customer') as customer_left_at,
        min(version) filter (party_kind = 'customer') as customer_exit_version
    from source_events
    where type = 'call.exited.v1'
    group by call_position, reason
),
exits_of_calls as (
    select
        call_position,
        min(first_version) as first_version,
        list(first_version) as first_versions,
        min(customer_left_at) as customer_left_at,
        arg_min(reason, customer_exit_version) as customer_exit_reason
    from exits_by_reason
    group by call_position
),
final as (
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
        departures.hold_number is not null as left_while_held,
        departures.party_kind = 'customer' and coalesce(customer_exit_reason = 'dropped_by_end', false)
            as agent_hung_up_first,
        case when departures.party_kind = 'customer' then seconds_between(customer_left_at, call_ended_at) end
            as post_call_seconds,
        source_calls.ended_by,
        departures.version = first_version as is_first_of_call,
        list_contains(first_versions, departures.version) as is_first_of_reason
    from source_events as departures
    join source_calls using (call_position)
    left join conferences using (call_position, conference_number)
    join exits_of_calls using (call_position)
    where departures.type = 'call.exited.v1'
)
select * from final
