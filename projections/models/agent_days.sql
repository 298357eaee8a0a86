-- One row per agent, UTC day and source; what lasts over midnight is split there.
with stays as (
    select *
    from participants
    where party_kind = 'agent' and lasts_over_midnight(joined_at, left_at)
),
spans as (
    select party as agent, source, 'handle' as what, talk_from_at as began_at, talk_until_at as ended_at
    from stays
    union all by name
    select
        party as agent, stays.source, 'hold' as what,
        greatest(started_at, talk_from_at) as began_at, least(ended_at, talk_until_at) as ended_at
    from holds
    join stays using (call_position)
    where talk_from_at is not null
    union all by name
    select
        stays.party as agent, stays.source, 'consult' as what,
        answered_at as began_at, ended_at
    from consults
    join stays using (call_position, stay_number)
    union all by name
    select
        party as agent, stays.source, 'conference' as what,
        greatest(started_at, coalesce(talk_from_at, joined_at)) as began_at,
        least(ended_at, left_at) as ended_at
    from conferences
    join stays using (call_position)
    where role_first <> 'consulted' or talk_from_at is not null
    union all by name
    select
        agent, source, 'wrap_up' as what,
        coalesce(agent_left_at, opened_at) as began_at, applied_at as ended_at
    from wrap_ups
    where
        status = 'applied'
        and lasts_over_midnight(coalesce(agent_left_at, opened_at), applied_at)
),
spans_by_day as (
    select *, unnest(generate_series(date_trunc('day', began_at), ended_at, interval 1 day)) as midnight
    from spans
    where ended_at > began_at
),
parts_of_spans as (
    select
        agent, source, what, midnight::date as day,
        seconds_between(
            greatest(began_at, midnight), least(ended_at, midnight + interval 1 day)
        ) as seconds
    from spans_by_day
),
days as (
    select
        agent, day, source,
        sum(case what when 'handle' then seconds when 'hold' then -seconds end) as talk_seconds,
        sum(seconds) filter (what = 'hold') as hold_seconds,
        sum(seconds) filter (what = 'consult') as consult_seconds,
        sum(seconds) filter (what = 'conference') as conference_seconds,
        sum(seconds) filter (what = 'wrap_up') as wrap_up_seconds
    from parts_of_spans
    group by agent, day, source
    union all by name
    select
        party as agent, joined_at::date as day, source,
        count(*) as contacts_handled,
        count(*) filter (role_first = 'consulted') as consults_received,
        count(*) filter (conference_seconds > 0) as conferences,
        sum(talk_seconds) filter (not lasts_over_midnight(joined_at, left_at)) as talk_seconds,
        sum(hold_seconds) filter (not lasts_over_midnight(joined_at, left_at)) as hold_seconds,
        sum(consult_seconds) filter (not lasts_over_midnight(joined_at, left_at)) as consult_seconds,
        sum(conference_seconds) filter (not lasts_over_midnight(joined_at, left_at)) as conference_seconds,
        count(exit_number) as exits,
        0 as transfers_in, 0 as transfers_out,
        0 as wrap_ups, 0 as auto_wrap_ups, 0 as open_wrap_ups, 0 as wrap_up_seconds,
        0 as offers, 0 as offers_missed, 0 as offers_declined
    from participants
    where party_kind = 'agent'
    group by agent, day, source
    union all by name
    select to_party as agent, accepted_at::date as day, source, count(*) as transfers_in
    from transfers
    where to_party_kind = 'agent'
    group by agent, day, source
    union all by name
    select from_agent as agent, accepted_at::date as day, source, count(*) as transfers_out
    from transfers
    group by agent, day, source
    union all by name
    select
        agent, coalesce(agent_left_at, opened_at, applied_at)::date as day, source,
        count(*) filter (status = 'applied') as wrap_ups,
        count(*) filter (status = 'applied' and mode = 'auto_default') as auto_wrap_ups,
        count(*) filter (status = 'open') as open_wrap_ups,
        sum(wrap_up_seconds) filter (
            status = 'applied'
            and not lasts_over_midnight(coalesce(agent_left_at, opened_at), applied_at)
        ) as wrap_up_seconds
    from wrap_ups
    where status in ('applied', 'open')
    group by agent, day, source
    union all by name
    select
        agent, offered_at::date as day, source,
        count(*) as offers,
        count(*) filter (outcome = 'missed') as offers_missed,
        count(*) filter (outcome = 'declined') as offers_declined
    from offers
    group by agent, day, source
),
final as (
    select
        agent,
        day,
        source,
        coalesce(sum(contacts_handled), 0)::bigint as contacts_handled,
        coalesce(sum(consults_received), 0)::bigint as consults_received,
        coalesce(sum(conferences), 0)::bigint as conferences,
        coalesce(sum(transfers_in), 0)::bigint as transfers_in,
        coalesce(sum(transfers_out), 0)::bigint as transfers_out,
        coalesce(sum(exits), 0)::bigint as exits,
        coalesce(sum(offers), 0)::bigint as offers,
        coalesce(sum(offers_missed), 0)::bigint as offers_missed,
        coalesce(sum(offers_declined), 0)::bigint as offers_declined,
        coalesce(sum(wrap_ups), 0)::bigint as wrap_ups,
        coalesce(sum(auto_wrap_ups), 0)::bigint as auto_wrap_ups,
        coalesce(sum(open_wrap_ups), 0)::bigint as open_wrap_ups,
        coalesce(round(sum(talk_seconds), 6), 0.0) as talk_seconds,
        coalesce(round(sum(hold_seconds), 6), 0.0) as hold_seconds,
        coalesce(round(sum(consult_seconds), 6), 0.0) as consult_seconds,
        coalesce(round(sum(conference_seconds), 6), 0.0) as conference_seconds,
        coalesce(round(sum(wrap_up_seconds), 6), 0.0) as wrap_up_seconds,
        round(
            coalesce(sum(talk_seconds), 0) + coalesce(sum(hold_seconds), 0)
            + coalesce(sum(wrap_up_seconds), 0), 6
        ) as handle_seconds
    from days
    group by agent, day, source
)
select * from final
