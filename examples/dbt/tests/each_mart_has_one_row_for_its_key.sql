-- Any row is a key that comes twice.

select 'queue_days' as mart, count(*) as rows_of_key
from {{ ref('queue_days') }} group by queue, day, source having count(*) > 1
union all
select 'agent_conduct', count(*)
from {{ ref('agent_conduct') }} group by agent, day, source having count(*) > 1
