-- One row per wrap-up of one agent: pending, open, applied or void.
with steps as (
    select *
    from source_events
    where wrap_up_number is not null
),
wrap_ups_of_calls as (
    select
        call_position,
        wrap_up_number,
        any_value(call_id) as call_id,
        any_value(source) as source,
        any_value(wrap_up_agent) as agent,
        min(version) as first_version,
        min(occurred_at) filter (type = 'call.transfer-requested.v1') as pending_at,
        min(occurred_at) filter (type in ('call.exited.v1', 'call.transfer-accepted.v1')) as opened_at,
        max(version) filter (type in (
            'call.transfer-declined.v1', 'call.transfer-failed.v1', 'call.transfer-withdrawn.v1'
        )) as voided_version,
        max(occurred_at) filter (type in (
            'call.transfer-declined.v1', 'call.transfer-failed.v1', 'call.transfer-withdrawn.v1'
        )) as voided_at,
        max(version) filter (type = 'call.wrap-up-applied.v1') as applied_version,
        arg_max(occurred_at, version) filter (type = 'call.wrap-up-applied.v1') as applied_at,
        arg_max(actor, version) filter (type = 'call.wrap-up-applied.v1') as applied_by,
        arg_max(mode::varchar, version) filter (type = 'call.wrap-up-applied.v1') as mode,
        arg_max(provisional::int, version) filter (type = 'call.wrap-up-applied.v1')::boolean as is_provisional,
        arg_max(reason, version) filter (type = 'call.wrap-up-applied.v1') as reason_given,
        arg_max(reason, version) filter (type = 'call.corrected.v1' and reason is not null) as reason_corrected,
        arg_max(occurred_at, version) filter (type = 'call.corrected.v1' and reason is not null) as corrected_at,
        count(*) filter (type = 'call.wrap-up-extended.v1') as extension_count
    from steps
    group by call_position, wrap_up_number
),
own_ends as (
    select
        wrap_ups_of_calls.call_position,
        wrap_ups_of_calls.wrap_up_number,
        arg_min(departures.exited_at, departures.version) as agent_left_at
    from wrap_ups_of_calls
    join exits as departures
        on departures.call_position = wrap_ups_of_calls.call_position
        and departures.party = wrap_ups_of_calls.agent
        and departures.version >= wrap_ups_of_calls.first_version
    group by wrap_ups_of_calls.call_position, wrap_ups_of_calls.wrap_up_number
),
final as (
    select
        call_position,
        call_id,
        source,
        wrap_up_number,
        agent,
        case
            when voided_version > coalesce(applied_version, 0) then 'void'
            when applied_version is not null and (opened_at is not null or not coalesce(is_provisional, false))
                then 'applied'
            when opened_at is null and pending_at is not null then 'pending'
            else 'open'
        end as status,
        pending_at,
        opened_at,
        agent_left_at,
        applied_at,
        voided_at,
        case
            when coalesce(applied_version > voided_version, true)
                then seconds_between(coalesce(agent_left_at, opened_at), applied_at)
        end as wrap_up_seconds,
        coalesce(reason_corrected, reason_given) as reason,
        reason_given,
        corrected_at,
        mode,
        applied_by,
        coalesce(is_provisional, false) as is_provisional,
        corrected_at is not null as is_corrected,
        extension_count
    from wrap_ups_of_calls
    left join own_ends using (call_position, wrap_up_number)
)
select * from final
