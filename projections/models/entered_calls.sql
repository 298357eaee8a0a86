-- One row per call that entered.
with final as (
    select call_position, call_id, source, entered_at, queue
    from queue_entries
    where queue_entry_number = 1
)
select * from final
