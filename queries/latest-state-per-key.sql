-- title: Latest state per key
-- description: The event of every key with the newest timestamp, of equal ones that with the highest offset; with an
-- description: earlier end of the window, the state as it was at that time. (Log compaction goes by offset alone.) A key whose newest event is a tombstone counts as deleted.
-- param topic topic required: the archived topic
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before: the state as of then
-- param include_deleted boolean default false: also show keys whose newest event is a tombstone
-- param limit integer default 1000 min 1 max 1000000: rows at most
-- column key string: the key as text
-- column value string: its newest value as text, NULL for a tombstone
-- column record_timestamp timestamp: since when
-- column record_partition integer: where the event is
-- column record_offset bigint: where the event is
-- window: from until

SELECT
  from_utf8(record_key) AS key,
  from_utf8(record_value) AS value,
  record_timestamp,
  record_partition,
  record_offset
FROM (
  SELECT
    record_key,
    record_value,
    record_timestamp,
    record_partition,
    record_offset,
    row_number() OVER (PARTITION BY record_key ORDER BY record_timestamp DESC, record_offset DESC) AS newest
  FROM {topic}
  WHERE record_key IS NOT NULL
    AND record_timestamp >= :from
    AND record_timestamp < :until
) AS versions
WHERE newest = 1
  AND (:include_deleted OR record_value IS NOT NULL)
ORDER BY record_key
LIMIT :limit
