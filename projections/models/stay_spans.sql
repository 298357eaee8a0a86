-- One row per span of time in which a party of a call talked, held, was consulted or conferred.
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
spans as (
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
final as (
    select
        call_position,
        stay_number,
        state,
        state_number,
        began_at,
        -- Clocks that go backwards make no time negative.
        case when ended_at < began_at then began_at else ended_at end as ended_at,
        state = 'talk' and state_number = 0 as is_first_talk
    from spans
    -- What began and ended at once took no time, but a contact counts.
    where coalesce(began_at < ended_at, true) or is_first_talk
)
select * from final
