-- One row per stay of one party in a call: who, in which role, from when to when.
with arrivals as (
    select
        call_position,
        stay_number,
        min(version) as joined_version,
        arg_min(occurred_at, version) as joined_at,
        arg_min(
            case type
                when 'call.received.v1' then 'customer'
                when 'call.answered.v1' then agent
                else party
            end,
            version
        ) as party,
        arg_min(
            case type
                when 'call.received.v1' then 'customer'
                when 'call.answered.v1' then 'agent'
                else party_kind
            end,
            version
        ) as party_kind,
        arg_min(
            case type
                when 'call.received.v1' then 'customer'
                when 'call.consult-answered.v1' then 'consulted'
                else 'owner'
            end,
            version
        ) as role_first,
        coalesce(any_value(queue_entry_number), 1) as queue_entry_number
    from source_events
    where
        stay_number is not null
        and type in (
            'call.received.v1', 'call.answered.v1', 'call.consult-answered.v1',
            'call.transfer-accepted.v1'
        )
    group by call_position, stay_number
),
customer_exits as (
    select
        call_position,
        min(exited_at) as customer_left_at,
        min(version) as customer_exit_version
    from exits
    where party_kind = 'customer'
    group by call_position
),
-- Who answers after the customer has left, by what is told and by the clock, talks to nobody.
answers as (
    select
        call_position,
        stay_number,
        joined_at,
        coalesce(joined_version > customer_exit_version and joined_at >= customer_left_at, false)
            as is_too_late
    from arrivals
    left join customer_exits using (call_position)
    where role_first = 'owner'
),
first_answers as (
    select call_position, min(joined_at) as first_answered_at
    from answers
    where not is_too_late
    group by call_position
),
-- The consulted come to the customer by a conference or a transfer, or by the owner's going.
mergers as (
    select
        arrivals.call_position,
        arrivals.stay_number,
        arg_min(steps.occurred_at, steps.version) as merged_at
    from arrivals
    left join exits using (call_position, stay_number)
    join source_events as steps
        on steps.call_position = arrivals.call_position
        and steps.version > arrivals.joined_version
        and coalesce(steps.version < exits.version, true)
        and case steps.type
            when 'call.exited.v1' then steps.owner_after = arrivals.party
            else steps.party = arrivals.party
        end
    where
        role_first = 'consulted'
        and steps.type in (
            'call.conference-started.v1', 'call.conference-joined.v1', 'call.transfer-accepted.v1',
            'call.exited.v1'
        )
    group by arrivals.call_position, arrivals.stay_number
),
final as (
    select
        arrivals.call_position,
        source_calls.call_id,
        source_calls.source,
        source_calls.entered_at,
        source_calls.queue,
        arrivals.stay_number,
        arrivals.party,
        arrivals.party_kind,
        arrivals.role_first,
        arrivals.queue_entry_number,
        arrivals.joined_version,
        arrivals.joined_at,
        coalesce(exits.exited_at, call_ended_at) as left_at,
        -- Talking to the customer begins with the answer, and for the consulted with the merge.
        case role_first
            when 'customer' then first_answers.first_answered_at
            when 'consulted' then mergers.merged_at
            else case when not is_too_late then arrivals.joined_at end
        end as talk_from_at,
        least(coalesce(exits.exited_at, call_ended_at), customer_left_at) as talk_until_at,
        exits.party_role as role_at_exit,
        exits.exit_number,
        exits.reason as exit_reason
    from arrivals
    join source_calls using (call_position)
    left join exits using (call_position, stay_number)
    left join customer_exits using (call_position)
    left join first_answers using (call_position)
    left join answers using (call_position, stay_number)
    left join mergers using (call_position, stay_number)
)
select * from final
