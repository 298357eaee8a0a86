-- One row per call.
with histories as (
    select
        call_position,
        -- What was told again is about the record, not about the call.
        max(occurred_at) filter (type <> 'call.observation-repeated.v1') as last_event_at,
        max(position) as last_position,
        count(*) as event_count,
        count(rules_broken) as rule_breaking_event_count,
        bool_or(time_source = 'derived') filter (type <> 'call.observation-repeated.v1')
            as is_time_derived
    from source_events
    group by call_position
),
abandonments as (
    select call_position, min(occurred_at) as abandoned_at
    from source_events
    where type = 'call.abandoned.v1'
    group by call_position
),
cuts as (
    select call_position, missing, min(version) as first_version
    from source_events
    where type = 'call.marked-incomplete.v1'
    group by call_position, missing
),
cuts_of_calls as (
    select call_position, string_agg(missing, '; ' order by first_version) as missing
    from cuts
    group by call_position
),
waits_of_calls as (
    select call_position, round(sum(wait_seconds), 6) as wait_seconds
    from queue_entries
    group by call_position
),
dead_letters_of_calls as (
    select call_position, count(*) || ' of its events in quarantine' as unread
    from dead_letters
    where state = 'waiting' and call_position is not null
    group by call_position
),
customer_exits as (
    select
        call_position,
        min(exited_at) as customer_left_at,
        bool_or(agent_hung_up_first) as agent_hung_up_first,
        bool_or(left_while_held) as left_while_held
    from exits
    where party_kind = 'customer'
    group by call_position
),
agents_of_calls as (
    select
        call_position,
        count(*) filter (party_kind = 'agent') as contact_count,
        bool_or(is_open and role_last = 'owner') as has_owner,
        min(joined_at) filter (role_first = 'owner' and talk_from_at is not null) as answered_at,
        arg_min(party, stay_number) filter (role_first = 'owner' and talk_from_at is not null)
            as first_agent,
        arg_max(party, stay_number) filter (role_last = 'owner') as last_owner,
        round(sum(talk_seconds) filter (party_kind = 'agent'), 6) as talk_seconds
    from participants
    where party_kind <> 'customer'
    group by call_position
),
holds_of_calls as (
    select
        call_position,
        count(*) as hold_count,
        round(sum(hold_seconds), 6) as hold_seconds,
        bool_or(is_open) as is_held
    from holds
    group by call_position
),
consults_of_calls as (
    select
        call_position,
        count(*) as consult_count,
        round(sum(consult_seconds), 6) as consult_seconds,
        arg_max(is_open::int, consult_number)::boolean as is_consulting,
        arg_max(is_answered::int, consult_number)::boolean as is_answered
    from consults
    group by call_position
),
conferences_of_calls as (
    select
        call_position,
        count(*) as conference_count,
        round(sum(conference_seconds), 6) as conference_seconds,
        arg_max(is_open::int, conference_number)::boolean as is_conferring
    from conferences
    group by call_position
),
transfers_of_calls as (
    select
        call_position,
        count(*) as transfer_request_count,
        count(*) filter (outcome = 'accepted') as transfer_count
    from transfer_requests
    group by call_position
),
wrap_ups_of_calls as (
    select
        call_position,
        count(*) filter (status = 'applied') as wrap_up_count,
        count(*) filter (status in ('open', 'pending')) as open_wrap_up_count,
        round(sum(wrap_up_seconds) filter (status = 'applied'), 6) as wrap_up_seconds,
        arg_max(reason, wrap_up_number) filter (status = 'applied') as last_reason
    from wrap_ups
    group by call_position
),
-- Half of the joins on their own: ordering all at once takes longer than a small batch.
calls_of_customers as materialized (
    from histories
    join source_calls using (call_position)
    left join abandonments using (call_position)
    left join cuts_of_calls using (call_position)
    left join waits_of_calls using (call_position)
    left join customer_exits using (call_position)
    left join dead_letters_of_calls using (call_position)
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
            when call_ended_at is not null and coalesce(open_wrap_up_count, 0) > 0 then 'ended'
            when call_ended_at is not null then 'closed'
            when customer_left_at is not null then 'wrap_up_assist'
            when is_conferring then 'conference'
            when is_consulting and is_answered then 'consulting'
            when is_consulting then 'consult_asked'
            when is_held then 'held'
            when has_owner then 'connected'
            else 'queued'
        end as phase,
        entered_at,
        answered_at,
        abandoned_at,
        customer_left_at,
        call_ended_at as ended_at,
        last_event_at,
        seconds_between(entered_at, call_ended_at) as call_seconds,
        wait_seconds,
        coalesce(talk_seconds, 0.0) as talk_seconds,
        coalesce(hold_seconds, 0.0) as hold_seconds,
        coalesce(consult_seconds, 0.0) as consult_seconds,
        coalesce(conference_seconds, 0.0) as conference_seconds,
        coalesce(wrap_up_seconds, 0.0) as wrap_up_seconds,
        seconds_between(customer_left_at, call_ended_at) as post_call_seconds,
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
        call_ended_at is null as is_open,
        call_ended_at is not null and coalesce(open_wrap_up_count, 0) = 0 as is_closed,
        coalesce(missing, unread) is not null as is_incomplete,
        nullif(concat_ws('; ', missing, unread), '') as missing,
        coalesce(is_time_derived, false) as is_time_derived,
        coalesce(agent_hung_up_first, false) as agent_hung_up_first,
        coalesce(left_while_held, false) as left_while_held
    from calls_of_customers
    left join agents_of_calls using (call_position)
    left join holds_of_calls using (call_position)
    left join consults_of_calls using (call_position)
    left join conferences_of_calls using (call_position)
    left join transfers_of_calls using (call_position)
    left join wrap_ups_of_calls using (call_position)
)
select * from final
