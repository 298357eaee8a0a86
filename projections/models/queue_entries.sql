-- One row per wait of a call for an agent: at its arrival, and again after each transfer to a queue.
with beginnings as (
    select
        call_position, 1::bigint as queue_entry_number, null::bigint as transfer_number,
        entered_at as queued_at, queue, entry_point
    from source_calls
    union all by name
    select
        call_position,
        queue_entry_number,
        any_value(transfer_number) as transfer_number,
        arg_min(occurred_at, version) as queued_at,
        any_value(queue) as queue,
        any_value(entry_point) as entry_point
    from source_events
    where type = 'call.transferred-to-queue.v1'
    group by call_position, queue_entry_number
),
answers as (
    select
        call_position,
        queue_entry_number,
        min(joined_at) as answered_at,
        arg_min(party, joined_version) as answered_by
    from stays
    where role_first = 'owner'
    group by call_position, queue_entry_number
),
abandonments as (
    select
        call_position,
        coalesce(queue_entry_number, 1) as queue_entry_number,
        min(occurred_at) as abandoned_at
    from source_events
    where type = 'call.abandoned.v1'
    group by call_position, coalesce(queue_entry_number, 1)
),
moves as (
    select
        call_position, queue_entry_number - 1 as queue_entry_number, occurred_at as moved_at
    from source_events
    where type = 'call.transferred-to-queue.v1'
),
customer_exits as (
    select call_position, min(exited_at) as customer_left_at
    from exits
    where party_kind = 'customer'
    group by call_position
),
-- An answer that is told after the customer has given up comes too late.
ends as (
    from beginnings
    left join answers using (call_position, queue_entry_number)
    left join abandonments using (call_position, queue_entry_number)
    left join moves using (call_position, queue_entry_number)
    left join customer_exits using (call_position)
),
final as (
    select
        call_position,
        call_id,
        source_calls.source,
        source_calls.entered_at,
        queue_entry_number,
        transfer_number,
        ends.queue,
        ends.entry_point,
        queued_at,
        coalesce(abandoned_at, answered_at, moved_at, customer_left_at, call_ended_at) as ended_at,
        seconds_between(
            queued_at,
            coalesce(abandoned_at, answered_at, moved_at, customer_left_at, call_ended_at)
        ) as wait_seconds,
        case
            when abandoned_at is not null then 'abandoned'
            when answered_at is not null then 'answered'
            when moved_at is not null then 'transferred'
            when customer_left_at is not null then 'customer_left'
            when call_ended_at is not null then 'call_ended'
            else 'open'
        end as outcome,
        case when abandoned_at is null then answered_by end as answered_by,
        -- A transfer to an entry point waits there, whichever queue it leads to.
        ends.queue is not null or queue_entry_number > 1 as is_queued
    from ends
    join source_calls using (call_position)
)
select * from final
