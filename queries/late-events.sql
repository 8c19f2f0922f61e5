-- title: Late events
-- description: Events whose own time, a field of the JSON value in ISO 8601, lies far before the time at which they were written:
-- description: what arrived late, latest first.
-- param topic topic required: the archived topic
-- param time_field field required: path of the field that holds the event's own time
-- param late_seconds integer default 300 min 0 max 31622400: how many seconds count as late
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 1000 min 1 max 100000: rows at most
-- column record_timestamp timestamp: when it was written
-- column event_time timestamp: when it happened, by its field
-- column seconds_late bigint: whole seconds between them
-- column record_partition integer: its partition
-- column record_offset bigint: its offset there
-- column key string: the key as text
-- window: from until

SELECT
  record_timestamp,
  event_time,
  date_diff('second', event_time, record_timestamp) AS seconds_late,
  record_partition,
  record_offset,
  from_utf8(record_key) AS key
FROM (
  SELECT
    record_timestamp,
    try(from_iso8601_timestamp(json_extract_scalar(from_utf8(record_value), :time_field))) AS event_time,
    record_partition,
    record_offset,
    record_key
  FROM {topic}
  WHERE record_timestamp >= :from
    AND record_timestamp < :until
) AS events
WHERE date_diff('second', event_time, record_timestamp) >= :late_seconds
ORDER BY seconds_late DESC, record_partition, record_offset
LIMIT :limit
