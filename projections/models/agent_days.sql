-- One row per agent, UTC day and source; a view, so it has no row of its own to keep.
with days as (
    select
        party as agent, joined_at::date as day, source,
        count(*) as contacts_handled,
        count(*) filter (role_first = 'consulted') as consults_received,
        count(*) filter (conference_seconds > 0) as conferences,
        sum(talk_seconds) as talk_seconds,
        sum(hold_seconds) as hold_seconds,
        sum(consult_seconds) as consult_seconds,
        sum(conference_seconds) as conference_seconds,
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
        sum(wrap_up_seconds) filter (status = 'applied') as wrap_up_seconds
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
