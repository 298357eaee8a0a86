-- Any row is a sum that differs between the marts and the ledger.

with sums as (
  select
    (select sum(entered) from {{ ref('queue_days') }}) as entered,
    (select count(*) from {{ source('ledger', 'queue_entries') }} where queue_entry_number = 1)
      as entered_in_ledger,
    (select sum(refusals) from {{ ref('agent_conduct') }}) as refusals,
    (select count(*) from {{ source('ledger', 'refusals') }}) as refusals_in_ledger
)

from sums
where entered is distinct from entered_in_ledger or refusals is distinct from refusals_in_ledger
