-- title: Volume per partition and hour
-- description: Records and bytes (keys and values, as they were in the broker) per partition and hour.
-- param topic topic required: the archived topic
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- column record_partition integer: the partition
-- column hour timestamp: begin of the hour, UTC
-- column records bigint: how many
-- column bytes bigint: of keys and values
-- column first_offset bigint: the lowest offset
-- column last_offset bigint: the highest offset
-- window: from until

SELECT
  record_partition,
  date_trunc('hour', record_timestamp) AS hour,
  count(*) AS records,
  CAST(sum(coalesce(length(record_key), 0) + coalesce(length(record_value), 0)) AS bigint) AS bytes,
  min(record_offset) AS first_offset,
  max(record_offset) AS last_offset
FROM {topic}
WHERE record_timestamp >= :from
  AND record_timestamp < :until
GROUP BY 1, 2
ORDER BY 1, 2
