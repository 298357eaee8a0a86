-- One row per party that left, in the order of leaving.
with exits_by_reason as (
    select
        call_position,
        reason,
        min(version) as first_version,
        min(occurred_at) filter (party_kind = 'customer') as customer_left_at,
        min(version) filter (party_kind = 'customer') as customer_exit_version,
        min(len(stayed)) filter (party_kind = 'customer') as customer_left_behind_count,
        max(version) filter (party_kind <> 'customer') as last_agent_version
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
        arg_min(reason, customer_exit_version) as customer_exit_reason,
        -- Who was left alone by the last agent has not hung up first.
        arg_min(reason, customer_exit_version) = 'customer_left'
            and min(customer_left_behind_count) = 0
            and arg_max(reason, last_agent_version) in ('exited', 'hung_up') as customer_was_left
    from exits_by_reason
    group by call_position
),
final as (
    select
        exited.call_position,
        source_calls.call_id,
        source_calls.source,
        source_calls.entered_at,
        source_calls.queue,
        exited.exit_number,
        exited.stay_number,
        exited.position,
        exited.version,
        exited.occurred_at as exited_at,
        exited.party,
        exited.party_kind,
        exited.party_role,
        exited.initiated_by,
        exited.via,
        exited.reason,
        seconds_between(source_calls.entered_at, exited.occurred_at) as after_call_start_seconds,
        seconds_between(conferences.started_at, exited.occurred_at) as after_conference_start_seconds,
        exited.conference_number,
        exited.stayed,
        len(exited.stayed) as stayed_count,
        exited.owner_after,
        exited.hold_number is not null as left_while_held,
        exited.party_kind = 'customer'
            and coalesce(customer_exit_reason = 'dropped_by_end' or customer_was_left, false)
            as agent_hung_up_first,
        case when exited.party_kind = 'customer' then seconds_between(customer_left_at, call_ended_at) end
            as post_call_seconds,
        source_calls.ended_by,
        exited.version = first_version as is_first_of_call,
        list_contains(first_versions, exited.version) as is_first_of_reason
    from source_events as exited
    join source_calls using (call_position)
    left join conferences using (call_position, conference_number)
    join exits_of_calls using (call_position)
    where exited.type = 'call.exited.v1'
)
select * from final
