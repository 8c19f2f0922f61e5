-- title: Events with a field
-- description: Events whose JSON value has a field of a given text, over all partitions in the order of time.
-- param topic topic required: the archived topic
-- param field field required: path of the field
-- param text string required: its value, as text
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 1000 min 1 max 100000: rows at most
-- column record_timestamp timestamp: when it happened
-- column record_partition integer: its partition
-- column record_offset bigint: its offset there
-- column key string: the key as text
-- column value string: the value as text
-- window: from until

SELECT
  record_timestamp,
  record_partition,
  record_offset,
  from_utf8(record_key) AS key,
  from_utf8(record_value) AS value
FROM {topic}
WHERE json_extract_scalar(from_utf8(record_value), :field) = :text
  AND record_timestamp >= :from
  AND record_timestamp < :until
ORDER BY record_timestamp, record_partition, record_offset
LIMIT :limit
