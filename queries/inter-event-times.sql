-- title: Times between the events of a key
-- description: For every key with more than one event: how long it took from one to the next, in seconds. Keys with the longest
-- description: pause come first.
-- param topic topic required: the archived topic
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 1000 min 1 max 1000000: keys at most
-- column key string: the key as text
-- column events bigint: how many
-- column shortest_seconds double: between two that follow each other
-- column mean_seconds double: of all of them
-- column longest_seconds double: between two that follow each other
-- column longest_after timestamp: the event before the longest pause
-- window: from until

SELECT
  from_utf8(record_key) AS key,
  count(*) + 1 AS events,
  min(seconds) AS shortest_seconds,
  avg(seconds) AS mean_seconds,
  max(seconds) AS longest_seconds,
  max_by(before, ROW(seconds, before)) AS longest_after
FROM (
  SELECT
    record_key,
    before,
    date_diff('millisecond', before, record_timestamp) / 1000e0 AS seconds
  FROM (
    SELECT
      record_key,
      record_timestamp,
      lag(record_timestamp) OVER (
        PARTITION BY record_key ORDER BY record_timestamp, record_partition, record_offset
      ) AS before
    FROM {topic}
    WHERE record_key IS NOT NULL
      AND record_timestamp >= :from
      AND record_timestamp < :until
  ) AS events
  WHERE before IS NOT NULL
) AS pauses
GROUP BY record_key
ORDER BY longest_seconds DESC, record_key
LIMIT :limit
