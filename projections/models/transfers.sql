-- One row per transfer that succeeded.
with final as (
    select
        call_position,
        call_id,
        source,
        entered_at,
        queue,
        transfer_number,
        version,
        kind,
        requested_at,
        resolved_at as accepted_at,
        response_seconds,
        from_agent,
        received_by as to_party,
        received_by_kind as to_party_kind,
        received_at,
        target_kind,
        target,
        consult_number,
        conference_number,
        wrap_up_number
    from transfer_requests
    where outcome = 'accepted'
)
select * from final
