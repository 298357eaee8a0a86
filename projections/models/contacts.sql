-- One row per connection of an agent with the customer.
with final as (
    select
        call_position,
        call_id,
        source,
        entered_at,
        queue,
        stay_number,
        party as agent,
        talk_from_at
    from participants
    where party_kind = 'agent' and talk_from_at is not null
)
select * from final
