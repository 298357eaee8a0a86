-- One row per observed event and rule that it broke.
with final as (
    select
        call_position,
        call_id,
        source,
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
    where rules_broken is not null
)
select * from final
