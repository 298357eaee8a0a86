-- One row per queue, UTC day and source: what became of those who waited.
-- The definitions are those of `call-ledger report abandoned`.

select
  queue,
  day,
  source,
  count(*) filter (is_arrival) as entered,
  count(*) filter (is_queued) as queued,
  count(*) filter (is_answered) as answered,
  count(*) filter (is_abandoned) as abandoned,
  count(*) filter (is_abandoned and is_queued) / nullif(count(*) filter (is_queued), 0)
    as abandon_rate,
  avg(wait_seconds) filter (is_answered) as mean_wait_of_answered_seconds,
  avg(wait_seconds) filter (is_abandoned) as mean_wait_of_abandoned_seconds
from {{ ref('stg_waits') }}
group by queue, day, source
