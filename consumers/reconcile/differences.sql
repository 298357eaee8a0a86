-- One row per difference between the event store, Kafka and the tables.
-- Each side is judged up to the position that it says itself to have reached; what two of the
-- three agree on is right, and where only two are there, the checksum of Kafka's message decides.
with

kafka_copies as (
    select
        kafka.*,
        row_number() over (
            partition by kafka.number
            order by
                coalesce(kafka.digest = store.digest, false)::int desc,
                coalesce(kafka.row_digest = store.row_digest, false)::int desc,
                partition_number,
                message_offset
        ) as copy
    from kafka
    left join store using (number)
    where kafka.number is not null
),

table_copies as (
    select
        tables.*,
        row_number() over (
            partition by tables.number
            order by coalesce(tables.row_digest = store.row_digest, false)::int desc
        ) as copy
    from tables
    left join store using (number)
),

numbers as (
    select range as number from range(1, $last + 1)
    union
    select number from store
    union
    select number from kafka where number is not null
    union
    select number from tables
),

side_by_side as (
    select
        numbers.number,
        coalesce(s.call_id, k.call_id, t.call_id) as call_id,
        s.number is not null as in_store,
        k.number is not null as in_kafka,
        t.number is not null as in_tables,
        in_store and in_kafka
            and (s.digest <> k.digest or s.row_digest <> k.row_digest) as store_not_kafka,
        in_store and in_tables and s.row_digest <> t.row_digest as store_not_tables,
        in_kafka and in_tables and k.row_digest <> t.row_digest as kafka_not_tables,
        k.is_as_published,
        k.partition_number,
        k.message_offset
    from numbers
    left join store as s using (number)
    left join (from kafka_copies where copy = 1) as k using (number)
    left join (from table_copies where copy = 1) as t using (number)
),

missing as (
    select number, call_id, 'store' as side, 'missing' as kind from side_by_side
    where not in_store and number between 1 and $last
    union all
    select number, call_id, 'Kafka', 'missing' from side_by_side
    where not in_kafka and number between 1 and $in_kafka
    union all
    select number, call_id, 'tables', 'missing' from side_by_side
    where not in_tables and number between 1 and $in_tables
),

judged as (
    select
        *,
        case
            when store_not_tables and not kafka_not_tables and in_tables then 'store'
            when kafka_not_tables and not store_not_tables and in_tables then 'Kafka'
            when is_as_published then 'store'
            else 'Kafka'
        end as other_one
    from side_by_side
),

edited as (
    select number, call_id, other_one as side, 'edited' as kind, partition_number, message_offset
    from judged
    where store_not_kafka
    union all
    select number, call_id, 'tables', 'edited', null, null
    from judged
    where
        (store_not_tables and (kafka_not_tables or not in_kafka))
        or (not in_store and kafka_not_tables)
),

repeated as (
    select
        copies.number, copies.call_id, 'Kafka' as side,
        case when copies.digest = first.digest then 'repeated' else 'edited' end as kind,
        copies.partition_number, copies.message_offset
    from kafka_copies as copies
    join (from kafka_copies where copy = 1) as first using (number)
    where copies.copy > 1
    union all
    select number, call_id, 'tables', 'repeated', null, null
    from table_copies
    where copy > 1
    union all
    select number, call_id, 'store', 'repeated', null, null
    from store
    qualify row_number() over (partition by digest order by number) > 1
),

strange as (
    select number, call_id, 'Kafka' as side, 'foreign' as kind, partition_number, message_offset
    from kafka
    where number is null
    union all
    select number, call_id, 'Kafka', 'foreign', partition_number, message_offset
    from side_by_side
    where in_kafka and not in_store and number not between 1 and $last
    union all
    select number, call_id, 'tables', 'foreign', null, null
    from side_by_side
    where in_tables and not in_store and number not between 1 and $last
),

final as (
    select number, call_id, side, kind, null::integer as partition_number,
        null::bigint as message_offset
    from missing
    union all
    from edited
    union all
    from repeated
    union all
    from strange
)

select * from final
