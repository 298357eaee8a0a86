-- One row per observed event and rule that it broke.
with breaks as (
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
),
final as (
    select
        *,
        row_number() over (partition by call_position order by version, rule) = 1 as is_first_of_call,
        row_number() over (partition by call_position, rule order by version) = 1 as is_first_of_rule
    from breaks
)
select * from final
