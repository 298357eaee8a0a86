-- One row per call that was answered.
with final as (
    select call_position, call_id, source, entered_at, queue, first_agent
    from calls
    where answered_at is not null
)
select * from final
