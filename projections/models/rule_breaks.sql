-- One row per observed event and rule that it broke.
with final as (
    select
        call_position,
        source_calls.call_id,
        source_calls.source,
        source_calls.entered_at,
        source_calls.queue,
        position,
        version,
        type,
        occurred_at as broken_at,
        recorded_at,
        actor,
        role,
        via,
        unnest(rules_broken) as rule,
        rule_set,
        command_id
    from source_events
    join source_calls using (call_position)
    where rules_broken is not null
)
select * from final
