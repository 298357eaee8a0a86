-- One row per command that was refused; it belongs to no call's stream, and its call may not exist.
with final as (
    select
        refusal_number,
        call_id,
        source,
        occurred_at as refused_at,
        recorded_at,
        actor,
        role,
        via,
        command,
        rule,
        sentence,
        arguments,
        rule_set,
        rule_set_hash,
        command_id
    from source_refusals
)
select * from final
