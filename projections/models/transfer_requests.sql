-- One row per transfer asked for, whatever came of it; one that was only seen to succeed has no request.
with steps as (
    select
        call_position, transfer_number, coalesce(transfer_number, -version) as transfer_key, type,
        version, occurred_at, actor, kind, target_kind, target, receiver, party, party_kind, agent,
        failure, wrap_up_agent, wrap_up_number, consult_number, conference_number
    from source_events
    where
        type in (
            'call.transfer-requested.v1', 'call.transfer-accepted.v1', 'call.transfer-declined.v1',
            'call.transfer-failed.v1', 'call.transfer-withdrawn.v1',
            'call.transferred-to-queue.v1', 'call.answered.v1'
        )
        and (transfer_number is not null or type = 'call.transfer-accepted.v1')
),
requests as (
    select
        call_position,
        transfer_key,
        any_value(transfer_number) as transfer_number,
        min(version) as version,
        any_value(kind) as kind,
        min(occurred_at) filter (type = 'call.transfer-requested.v1') as requested_at,
        arg_min(coalesce(wrap_up_agent, actor), version) as from_agent,
        any_value(target_kind) as target_kind,
        any_value(target) as target,
        any_value(receiver) as receiver,
        any_value(conference_number) as conference_number,
        any_value(consult_number) as consult_number,
        any_value(wrap_up_number) as wrap_up_number,
        min(occurred_at) filter (type <> 'call.transfer-requested.v1') as resolved_at,
        min(occurred_at) filter (
            type in ('call.transfer-accepted.v1', 'call.answered.v1')
        ) as received_at,
        any_value(coalesce(party, agent)) as received_by,
        any_value(case type when 'call.answered.v1' then 'agent' else party_kind end)
            as received_by_kind,
        any_value(failure) as failure,
        arg_min(type::varchar, version) filter (type <> 'call.transfer-requested.v1') as resolved_by_type
    from steps
    group by call_position, transfer_key
),
final as (
    select
        call_position,
        call_id,
        source,
        entered_at,
        queue,
        transfer_number,
        version,
        kind,
        requested_at,
        resolved_at,
        seconds_between(requested_at, resolved_at) as response_seconds,
        case resolved_by_type
            when 'call.transfer-accepted.v1' then 'accepted'
            when 'call.transferred-to-queue.v1' then 'accepted'
            when 'call.transfer-declined.v1' then 'declined'
            when 'call.transfer-failed.v1' then 'failed'
            when 'call.transfer-withdrawn.v1' then 'withdrawn'
            else 'open'
        end as outcome,
        failure,
        from_agent,
        target_kind,
        target,
        receiver,
        received_by,
        received_by_kind,
        received_at,
        consult_number,
        conference_number,
        wrap_up_number
    from requests
    join source_calls using (call_position)
)
select * from final
