-- One row per wrap-up of one agent: pending, open, applied or void.
with steps as (
    select call_position, wrap_up_number, wrap_up_agent, type, version, occurred_at, reason
    from source_events
    where wrap_up_number is not null
),
openings as (
    select
        call_position,
        wrap_up_number,
        any_value(wrap_up_agent) as agent,
        min(version) as first_version,
        min(occurred_at) filter (type = 'call.transfer-requested.v1') as pending_at,
        -- One that was never seen to open was open when it was extended.
        coalesce(
            min(occurred_at) filter (type in (
                'call.exited.v1', 'call.transfer-accepted.v1', 'call.transferred-to-queue.v1'
            )),
            case
                when count(*) filter (type = 'call.transfer-requested.v1') = 0
                    then min(occurred_at) filter (type = 'call.wrap-up-extended.v1')
            end
        ) as opened_at,
        max(version) filter (type = 'call.wrap-up-applied.v1') as applied_version,
        -- The first reason closes it; another one, told although there is one, takes no more time.
        arg_min(occurred_at, version) filter (type = 'call.wrap-up-applied.v1') as applied_at,
        arg_min(reason, version) filter (type = 'call.wrap-up-applied.v1') as reason_given,
        count(*) filter (type = 'call.wrap-up-extended.v1') as extension_count
    from steps
    group by call_position, wrap_up_number
),
applications as (
    select
        call_position,
        version as applied_version,
        actor as applied_by,
        mode::varchar as mode,
        provisional as is_provisional,
        reason as reason_told
    from source_events
    where type = 'call.wrap-up-applied.v1'
),
voids as (
    select
        call_position,
        wrap_up_number,
        max(version) as voided_version,
        max(occurred_at) as voided_at
    from steps
    where type in (
        'call.transfer-declined.v1', 'call.transfer-failed.v1', 'call.transfer-withdrawn.v1'
    )
    group by call_position, wrap_up_number
),
corrections as (
    select
        call_position,
        wrap_up_number,
        arg_max(reason, version) as reason_corrected,
        arg_max(occurred_at, version) as corrected_at
    from steps
    where type = 'call.corrected.v1' and reason is not null
    group by call_position, wrap_up_number
),
own_ends as (
    select
        openings.call_position,
        openings.wrap_up_number,
        arg_min(exits.exited_at, exits.version) as agent_left_at
    from openings
    join exits
        on exits.call_position = openings.call_position
        and exits.party = openings.agent
        and exits.version >= openings.first_version
    group by openings.call_position, openings.wrap_up_number
),
told as (
    select
        call_position,
        call_id,
        source,
        entered_at,
        queue,
        wrap_up_number,
        agent,
        case
            when voided_version > coalesce(applied_version, 0) then 'void'
            -- A reason that is told before the request is provisional until the transfer is accepted.
            when
                applied_version is not null
                and (opened_at is not null or (pending_at is null and not coalesce(is_provisional, false)))
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
        coalesce(reason_corrected, reason_told) as reason,
        reason_given,
        corrected_at,
        mode,
        applied_by,
        coalesce(is_provisional, false) as is_provisional,
        corrected_at is not null as is_corrected,
        extension_count,
        call_ended_at
    from openings
    join source_calls using (call_position)
    left join applications using (call_position, applied_version)
    left join voids using (call_position, wrap_up_number)
    left join corrections using (call_position, wrap_up_number)
    left join own_ends using (call_position, wrap_up_number)
),
first_of_reasons as (
    select call_position, reason, min(wrap_up_number) as first_number
    from told
    where status = 'applied'
    group by call_position, reason
),
firsts as (
    select
        call_position,
        min(first_number) as first_number,
        list(first_number) as first_numbers
    from first_of_reasons
    group by call_position
),
final as (
    select
        told.* exclude (call_ended_at),
        status in ('open', 'pending') and call_ended_at is not null as is_missing,
        status = 'applied' and wrap_up_number = first_number as is_first_of_call,
        status = 'applied' and list_contains(first_numbers, wrap_up_number) as is_first_of_reason
    from told
    left join firsts using (call_position)
)
select * from final
