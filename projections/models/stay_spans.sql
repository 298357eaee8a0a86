-- One row per span of time in which a party of a call talked, held, waited, was consulted or conferred.
with pauses as (
    select
        stays.call_position,
        stays.stay_number,
        'hold' as state,
        holds.hold_number as state_number,
        greatest(holds.started_at, talk_from_at) as began_at,
        least(coalesce(holds.ended_at, talk_until_at), talk_until_at) as ended_at
    from holds
    join stays using (call_position)
    where talk_from_at is not null
    union all by name
    -- While the call waits again after a transfer to a queue, its customer talks to nobody.
    select
        stays.call_position,
        stays.stay_number,
        'wait' as state,
        -queue_entries.queue_entry_number as state_number,
        greatest(queued_at, talk_from_at) as began_at,
        least(coalesce(queue_entries.ended_at, talk_until_at), talk_until_at) as ended_at
    from queue_entries
    join stays using (call_position)
    where
        queue_entries.queue_entry_number > 1
        and party_kind = 'customer' and talk_from_at is not null
),
-- Pauses that overlap, by clocks that disagree, count once, so that talk and pauses fill the time.
pause_spans as (
    select
        call_position,
        stay_number,
        state,
        state_number,
        greatest(began_at, max(ended_at) over earlier) as began_at,
        ended_at
    from pauses
    where coalesce(began_at < ended_at, true)
    window earlier as (
        partition by call_position, stay_number order by began_at, state_number
        rows between unbounded preceding and 1 preceding
    )
    qualify coalesce(greatest(began_at, max(ended_at) over earlier) < ended_at, true)
),
first_pauses as (
    select call_position, stay_number, min(began_at) as first_paused_at
    from pause_spans
    group by call_position, stay_number
),
talk_spans as (
    select
        call_position,
        stay_number,
        0 as state_number,
        talk_from_at as began_at,
        coalesce(first_paused_at, talk_until_at) as ended_at
    from stays
    left join first_pauses using (call_position, stay_number)
    where talk_from_at is not null
    union all
    select
        call_position,
        stay_number,
        state_number,
        pause_spans.ended_at,
        coalesce(lead(pause_spans.began_at) over following, talk_until_at)
    from pause_spans
    join stays using (call_position, stay_number)
    window following as (partition by call_position, stay_number order by pause_spans.began_at)
    -- A pause that goes on has no talk after it, and still ends the talk before it.
    qualify pause_spans.ended_at is not null
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
    from pause_spans
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
