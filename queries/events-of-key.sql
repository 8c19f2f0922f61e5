-- title: Events of a key, in order
-- description: Every archived event of one key, in the order in which it was written.
-- param topic topic required: the archived topic
-- param key string required: the record's key, as text
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 1000 min 1 max 100000: rows at most
-- column record_timestamp timestamp: when it happened
-- column record_partition integer: its partition
-- column record_offset bigint: its offset there
-- column key string: the key as text
-- column value string: the value as text, NULL for a tombstone
-- window: from until

SELECT
  record_timestamp,
  record_partition,
  record_offset,
  from_utf8(record_key) AS key,
  from_utf8(record_value) AS value
FROM {topic}
WHERE record_key = to_utf8(:key)
  AND record_timestamp >= :from
  AND record_timestamp < :until
ORDER BY record_partition, record_offset
LIMIT :limit
