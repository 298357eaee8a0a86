-- One row per span of time in which a party was in one state of a call.
with holds_in_talk as (
    select
        stays.call_position,
        stays.stay_number,
        holds.hold_number,
        greatest(holds.started_at, talk_from_at) as began_at,
        least(coalesce(holds.ended_at, talk_until_at), talk_until_at) as ended_at
    from holds
    join stays using (call_position)
    where talk_from_at is not null
),
-- Holds that overlap, by clocks that disagree, count once, so that talk and hold fill the time.
hold_spans as (
    select
        call_position,
        stay_number,
        hold_number as state_number,
        greatest(began_at, max(ended_at) over earlier) as began_at,
        ended_at
    from holds_in_talk
    where coalesce(began_at < ended_at, true)
    window earlier as (
        partition by call_position, stay_number order by began_at, hold_number
        rows between unbounded preceding and 1 preceding
    )
    qualify coalesce(greatest(began_at, max(ended_at) over earlier) < ended_at, true)
),
first_holds as (
    select call_position, stay_number, min(began_at) as first_held_at
    from hold_spans
    group by call_position, stay_number
),
talk_spans as (
    select
        call_position,
        stay_number,
        0 as state_number,
        talk_from_at as began_at,
        coalesce(first_held_at, talk_until_at) as ended_at
    from stays
    left join first_holds using (call_position, stay_number)
    where talk_from_at is not null
    union all
    select
        call_position,
        stay_number,
        state_number,
        hold_spans.ended_at,
        coalesce(lead(hold_spans.began_at) over following, talk_until_at)
    from hold_spans
    join stays using (call_position, stay_number)
    where hold_spans.ended_at is not null
    window following as (partition by call_position, stay_number order by hold_spans.began_at)
),
conference_spans as (
    select
        call_position,
        stay_number,
        conference_number as state_number,
        greatest(started_at, coalesce(talk_from_at, joined_at)) as began_at,
        least(coalesce(ended_at, left_at), left_at) as ended_at
    from conferences
    join stays using (call_position)
    where role_first <> 'consulted' or talk_from_at is not null
),
spans_of_stays as (
    select *, 'talk' as state from talk_spans
    union all by name
    select *, 'hold' as state from hold_spans
    union all by name
    select *, 'conference' as state from conference_spans
    union all by name
    select
        call_position, stay_number, consult_number as state_number,
        answered_at as began_at, ended_at, 'consult' as state
    from consults
    where stay_number is not null
),
spans as (
    select
        call_position, call_id, source, entered_at, queue, party, party_kind, stay_number,
        state, state_number, began_at, ended_at
    from spans_of_stays
    join stays using (call_position, stay_number)
    union all by name
    select
        call_position, call_id, source, entered_at, queue, agent as party, 'agent' as party_kind,
        0 as stay_number, 'wrap_up' as state, wrap_up_number as state_number,
        coalesce(agent_left_at, opened_at, applied_at) as began_at,
        case status when 'applied' then applied_at end as ended_at
    from wrap_ups
    where status in ('applied', 'open')
    union all by name
    select
        call_position, call_id, source, entered_at, queue, agent as party, 'agent' as party_kind,
        0 as stay_number, 'ring' as state, offer_number as state_number,
        offered_at as began_at, resolved_at as ended_at
    from offers
),
final as (
    select
        * replace (
            state::enum ('talk', 'hold', 'consult', 'conference', 'wrap_up', 'ring') as state,
            case when ended_at < began_at then began_at else ended_at end as ended_at
        ),
        seconds_between(began_at, ended_at) as span_seconds,
        state = 'talk' and state_number = 0 as is_first_talk,
        ended_at is null as is_open
    from spans
    -- What began and ended at once took no time, but a contact and a wrap-up count.
    where coalesce(began_at < ended_at, true) or state = 'wrap_up' or is_first_talk
)
select * from final
