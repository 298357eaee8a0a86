-- One row per call.
with histories as (
    select
        call_position,
        any_value(call_id) filter (version = 1) as call_id,
        any_value(source) filter (version = 1) as source,
        min(occurred_at) filter (version = 1) as entered_at,
        arg_max(occurred_at, version) as last_event_at,
        max(position) as last_position,
        count(*) as event_count,
        count(rules_broken) as rule_breaking_event_count,
        bool_or(time_source = 'derived') as is_time_derived,
        arg_min(queue, version) filter (type = 'call.received.v1') as queue,
        arg_min(entry_point, version) filter (type = 'call.received.v1') as entry_point,
        arg_min(channel, version) filter (type = 'call.received.v1') as channel,
        min(occurred_at) filter (type = 'call.abandoned.v1') as abandoned_at,
        min(occurred_at) filter (type = 'call.ended.v1') as ended_at,
        arg_min(ended_by::varchar, version) filter (type = 'call.ended.v1') as ended_by,
        string_agg(missing, '; ' order by version)
            filter (type = 'call.marked-incomplete.v1') as missing
    from source_events
    group by call_position
),
parts as (
    select
        call_position,
        exited_at as customer_left_at,
        reason as customer_exit_reason,
        version as customer_exit_version,
        left_while_held
    from exits
    where party_kind = 'customer'
    union all by name
    select
        call_position,
        stay_number,
        party_kind = 'agent' as is_contact,
        is_open as is_in_the_call,
        case when role_first = 'owner' then joined_at end as answered_at,
        case when role_first = 'owner' then party end as first_agent,
        case when role_last = 'owner' then party end as last_owner,
        talk_seconds
    from participants
    where party_kind <> 'customer'
    union all by name
    select call_position, hold_number, hold_seconds, is_open as is_held
    from holds
    union all by name
    select
        call_position,
        consult_number,
        consult_seconds,
        is_open as is_consulting,
        is_answered as is_consult_answered
    from consults
    union all by name
    select call_position, conference_number, conference_seconds, is_open as is_conferring
    from conferences
    union all by name
    select call_position, outcome as transfer_outcome
    from transfer_requests
    union all by name
    select
        call_position,
        wrap_up_number,
        status as wrap_up_status,
        case when status = 'applied' then wrap_up_seconds end as wrap_up_seconds,
        case when status = 'applied' then reason end as last_reason
    from wrap_ups
),
parts_of_calls as (
    select
        call_position,
        min(customer_left_at) as customer_left_at,
        arg_min(customer_exit_reason, customer_exit_version) as customer_exit_reason,
        bool_or(left_while_held) as left_while_held,
        count(*) filter (is_contact) as contact_count,
        bool_or(is_in_the_call) as has_agents,
        min(answered_at) as answered_at,
        arg_min(first_agent, stay_number) as first_agent,
        arg_max(last_owner, stay_number) as last_owner,
        round(sum(talk_seconds), 6) as talk_seconds,
        count(hold_number) as hold_count,
        round(sum(hold_seconds), 6) as hold_seconds,
        bool_or(is_held) as is_held,
        count(consult_number) as consult_count,
        round(sum(consult_seconds), 6) as consult_seconds,
        arg_max(is_consulting::int, consult_number)::boolean as is_consulting,
        arg_max(is_consult_answered::int, consult_number)::boolean as is_answered,
        count(conference_number) as conference_count,
        round(sum(conference_seconds), 6) as conference_seconds,
        arg_max(is_conferring::int, conference_number)::boolean as is_conferring,
        count(transfer_outcome) as transfer_request_count,
        count(*) filter (transfer_outcome = 'accepted') as transfer_count,
        count(*) filter (wrap_up_status = 'applied') as wrap_up_count,
        count(*) filter (wrap_up_status in ('open', 'pending')) as open_wrap_up_count,
        round(sum(wrap_up_seconds), 6) as wrap_up_seconds,
        arg_max(last_reason, wrap_up_number) as last_reason
    from parts
    group by call_position
),
final as (
    select
        call_position,
        call_id,
        source,
        channel,
        queue,
        entry_point,
        case
            when ended_at is not null and coalesce(open_wrap_up_count, 0) > 0 then 'ended'
            when ended_at is not null then 'closed'
            when customer_left_at is not null then 'wrap_up_assist'
            when is_conferring then 'conference'
            when is_consulting and is_answered then 'consulting'
            when is_consulting then 'consult_asked'
            when is_held then 'held'
            when has_agents then 'connected'
            else 'queued'
        end as phase,
        entered_at,
        answered_at,
        abandoned_at,
        customer_left_at,
        ended_at,
        last_event_at,
        seconds_between(entered_at, ended_at) as call_seconds,
        seconds_between(entered_at, coalesce(answered_at, customer_left_at, ended_at)) as wait_seconds,
        coalesce(talk_seconds, 0.0) as talk_seconds,
        coalesce(hold_seconds, 0.0) as hold_seconds,
        coalesce(consult_seconds, 0.0) as consult_seconds,
        coalesce(conference_seconds, 0.0) as conference_seconds,
        coalesce(wrap_up_seconds, 0.0) as wrap_up_seconds,
        seconds_between(customer_left_at, ended_at) as post_call_seconds,
        first_agent,
        last_owner,
        ended_by,
        last_reason,
        coalesce(contact_count, 0) as contact_count,
        coalesce(hold_count, 0) as hold_count,
        coalesce(consult_count, 0) as consult_count,
        coalesce(conference_count, 0) as conference_count,
        coalesce(transfer_request_count, 0) as transfer_request_count,
        coalesce(transfer_count, 0) as transfer_count,
        coalesce(wrap_up_count, 0) as wrap_up_count,
        coalesce(open_wrap_up_count, 0) as open_wrap_up_count,
        event_count,
        rule_breaking_event_count,
        last_position,
        queue is not null as is_queued,
        abandoned_at is not null as is_abandoned,
        ended_at is null as is_open,
        ended_at is not null and coalesce(open_wrap_up_count, 0) = 0 as is_closed,
        missing is not null as is_incomplete,
        missing,
        coalesce(is_time_derived, false) as is_time_derived,
        coalesce(customer_exit_reason = 'dropped_by_end', false) as agent_hung_up_first,
        coalesce(left_while_held, false) as left_while_held
    from histories
    left join parts_of_calls using (call_position)
)
select * from final
