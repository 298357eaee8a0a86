-- One row per wait of a call for an agent, on the UTC day on which its call entered.

select
  call_position,
  queue_entry_number,
  source,
  queue,
  entered_at::date as day,
  queue_entry_number = 1 as is_arrival,
  is_queued,
  outcome = 'answered' as is_answered,
  outcome = 'abandoned' as is_abandoned,
  wait_seconds
from {{ source('ledger', 'queue_entries') }}
