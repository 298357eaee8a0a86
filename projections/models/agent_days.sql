-- One row per agent, UTC day and source; what lasts over midnight is split there.
with spans as (
    select agent, source, state, began_at, ended_at, is_first_talk
    from agent_spans
),
-- Whole numbers add up to the same in whatever order they come.
parts as (
    select
        agent, source, state, began_at::date as day,
        epoch_us(ended_at) - epoch_us(began_at) as microseconds
    from spans
    where not lasts_over_midnight(began_at, ended_at)
    union all by name
    select
        agent, source, state, midnight::date as day,
        epoch_us(least(ended_at, midnight + interval 1 day))
            - epoch_us(greatest(began_at, midnight)) as microseconds
    from (
        select *, unnest(generate_series(date_trunc('day', began_at), ended_at, interval 1 day)) as midnight
        from spans
        where lasts_over_midnight(began_at, ended_at)
    )
),
microseconds_by_day as (
    select
        agent, day, source,
        sum(microseconds) filter (state = 'talk') as talk_microseconds,
        sum(microseconds) filter (state = 'hold') as hold_microseconds,
        sum(microseconds) filter (state = 'consult') as consult_microseconds,
        sum(microseconds) filter (state = 'conference') as conference_microseconds,
        sum(microseconds) filter (state = 'wrap_up') as wrap_up_microseconds,
        sum(microseconds) filter (state = 'ring') as ring_microseconds
    from parts
    group by agent, day, source
),
contacts_by_day as (
    select agent, began_at::date as day, source, count(*) as contacts_handled
    from spans
    where is_first_talk
    group by agent, day, source
),
stays_by_day as (
    select
        party as agent, joined_at::date as day, source,
        count(*) filter (role_first = 'consulted') as consults_received,
        count(*) filter (conference_seconds > 0) as conferences,
        count(exit_number) as exits
    from participants
    where party_kind = 'agent'
    group by agent, day, source
),
transfers_in_by_day as (
    select to_party as agent, received_at::date as day, source, count(*) as transfers_in
    from transfers
    where to_party_kind = 'agent'
    group by agent, day, source
),
transfers_out_by_day as (
    select from_agent as agent, accepted_at::date as day, source, count(*) as transfers_out
    from transfers
    group by agent, day, source
),
wrap_ups_by_day as (
    select
        agent, coalesce(agent_left_at, opened_at, applied_at)::date as day, source,
        count(*) filter (status = 'applied') as wrap_ups,
        count(*) filter (status = 'applied' and mode = 'auto_default') as auto_wrap_ups,
        count(*) filter (status = 'open') as open_wrap_ups
    from wrap_ups
    where status in ('applied', 'open')
    group by agent, day, source
),
offers_by_day as (
    select
        agent, offered_at::date as day, source,
        count(*) as offers,
        count(*) filter (outcome = 'missed') as offers_missed,
        count(*) filter (outcome = 'declined') as offers_declined
    from offers
    group by agent, day, source
),
days as (
    from microseconds_by_day
    union all by name from contacts_by_day
    union all by name from stays_by_day
    union all by name from transfers_in_by_day
    union all by name from transfers_out_by_day
    union all by name from wrap_ups_by_day
    union all by name from offers_by_day
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
        coalesce(sum(talk_microseconds), 0) / 1e6 as talk_seconds,
        coalesce(sum(hold_microseconds), 0) / 1e6 as hold_seconds,
        coalesce(sum(consult_microseconds), 0) / 1e6 as consult_seconds,
        coalesce(sum(conference_microseconds), 0) / 1e6 as conference_seconds,
        coalesce(sum(wrap_up_microseconds), 0) / 1e6 as wrap_up_seconds,
        coalesce(sum(ring_microseconds), 0) / 1e6 as ring_seconds,
        (
            coalesce(sum(talk_microseconds), 0) + coalesce(sum(hold_microseconds), 0)
            + coalesce(sum(wrap_up_microseconds), 0)
        ) / 1e6 as handle_seconds
    from days
    group by agent, day, source
)
select * from final
