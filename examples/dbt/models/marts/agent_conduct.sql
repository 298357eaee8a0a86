-- One row per agent, UTC day and source: the work, and beside it what the rules refused.

with refused as (
  select
    actor as agent,
    refused_at::date as day,
    source,
    count(*) as refusals,
    count(distinct rule) as rules_that_refused
  from {{ source('ledger', 'refusals') }}
  group by actor, refused_at::date, source
)

select
  agent,
  day,
  source,
  coalesce(agent_days.contacts_handled, 0) as contacts_handled,
  coalesce(agent_days.handle_seconds, 0) as handle_seconds,
  coalesce(agent_days.transfers_out, 0) as transfers_out,
  coalesce(agent_days.wrap_ups, 0) as wrap_ups,
  coalesce(agent_days.open_wrap_ups, 0) as open_wrap_ups,
  coalesce(refused.refusals, 0) as refusals,
  coalesce(refused.rules_that_refused, 0) as rules_that_refused
from {{ source('ledger', 'agent_days') }} as agent_days
full join refused using (agent, day, source)
