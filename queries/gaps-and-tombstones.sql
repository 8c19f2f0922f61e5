-- title: Gaps, tombstones and null keys per hour
-- description: Per partition and hour: records, tombstones (null values), null keys, and offsets between this hour's
-- description: records and those before them that have no row. `coldstream verify` tells why offsets have no row.
-- param topic topic required: the archived topic
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- column record_partition integer: the partition
-- column hour timestamp: begin of the hour, UTC
-- column records bigint: how many
-- column tombstones bigint: of them with a null value
-- column null_keys bigint: of them with a null key
-- column missing_offsets bigint: offsets before these records that have no row
-- window: from until

SELECT
  record_partition,
  date_trunc('hour', record_timestamp) AS hour,
  count(*) AS records,
  count(*) FILTER (WHERE record_value IS NULL) AS tombstones,
  count(*) FILTER (WHERE record_key IS NULL) AS null_keys,
  CAST(sum(coalesce(record_offset - offset_before - 1, 0)) AS bigint) AS missing_offsets
FROM (
  SELECT
    record_partition,
    record_offset,
    record_timestamp,
    record_key,
    record_value,
    lag(record_offset) OVER (PARTITION BY record_partition ORDER BY record_offset) AS offset_before
  FROM {topic}
  WHERE record_timestamp >= :from
    AND record_timestamp < :until
) AS records
GROUP BY 1, 2
ORDER BY 1, 2
