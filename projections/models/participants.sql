-- One row per stay of one party in a call; who comes back stays again.
with arrivals as (
    select
        call_position,
        stay_number,
        version as joined_version,
        occurred_at as joined_at,
        case type
            when 'call.received.v1' then 'customer'
            when 'call.answered.v1' then agent
            else party
        end as party,
        case type
            when 'call.received.v1' then 'customer'
            when 'call.answered.v1' then 'agent'
            else party_kind
        end as party_kind,
        case type
            when 'call.received.v1' then 'customer'
            when 'call.consult-answered.v1' then 'consulted'
            else 'owner'
        end as role_first
    from source_events
    where
        stay_number is not null
        and type in (
            'call.received.v1', 'call.answered.v1', 'call.consult-answered.v1',
            'call.transfer-accepted.v1'
        )
),
customer_exits as (
    select call_position, min(exited_at) as customer_left_at
    from exits
    where party_kind = 'customer'
    group by call_position
),
first_answers as (
    select call_position, min(joined_at) as first_answered_at
    from arrivals
    where role_first = 'owner'
    group by call_position
),
consulted as (
    select
        call_position,
        stay_number,
        max(ended_at) filter (ended_how in ('conference', 'transferred')) as merged_at,
        round(sum(consult_seconds), 6) as consult_seconds
    from consults
    where stay_number is not null
    group by call_position, stay_number
),
stays as (
    select
        arrivals.*,
        source_calls.call_id,
        source_calls.source,
        source_calls.entered_at,
        source_calls.queue,
        coalesce(exits.exited_at, call_ended_at) as left_at,
        -- Talking to the customer begins with the answer, and for the consulted with the merge.
        case role_first
            when 'customer' then first_answers.first_answered_at
            when 'consulted' then consulted.merged_at
            else joined_at
        end as talk_from_at,
        least(coalesce(exits.exited_at, call_ended_at), customer_left_at) as talk_until_at,
        consulted.consult_seconds,
        exits.version as left_version,
        exits.party_role as role_at_exit,
        exits.reason as exit_reason,
        exits.exit_number
    from arrivals
    left join exits using (call_position, stay_number)
    join source_calls using (call_position)
    left join customer_exits using (call_position)
    left join first_answers using (call_position)
    left join consulted using (call_position, stay_number)
),
held as (
    select
        stays.call_position,
        stays.stay_number,
        round(sum(seconds_between(
            greatest(holds.started_at, talk_from_at),
            least(coalesce(holds.ended_at, talk_until_at), talk_until_at)
        )), 6) as hold_seconds
    from holds
    join stays using (call_position)
    where talk_from_at is not null
    group by stays.call_position, stays.stay_number
),
conferred as (
    select
        stays.call_position,
        stays.stay_number,
        round(sum(seconds_between(
            greatest(conferences.started_at, coalesce(talk_from_at, joined_at)),
            least(coalesce(conferences.ended_at, left_at), left_at)
        )), 6) as conference_seconds
    from conferences
    join stays using (call_position)
    where role_first <> 'consulted' or talk_from_at is not null
    group by stays.call_position, stays.stay_number
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
        greatest(0.0, round(
            seconds_between(stays.talk_from_at, stays.talk_until_at) - coalesce(held.hold_seconds, 0), 6
        )) as talk_seconds,
        coalesce(held.hold_seconds, 0.0) as hold_seconds,
        coalesce(stays.consult_seconds, 0.0) as consult_seconds,
        coalesce(conferred.conference_seconds, 0.0) as conference_seconds,
        stays.exit_number,
        stays.exit_reason,
        stays.left_at is null as is_open
    from stays
    left join held using (call_position, stay_number)
    left join conferred using (call_position, stay_number)
    left join promotions using (call_position, stay_number)
)
select * from final
