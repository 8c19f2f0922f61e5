-- title: Keys with the most events
-- description: The busiest keys, with the time of their first and last event.
-- param topic topic required: the archived topic
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 20 min 1 max 100000: keys at most
-- column key string: the key as text
-- column events bigint: how many
-- column first_event timestamp: the first of them
-- column last_event timestamp: the last of them
-- window: from until

SELECT
  from_utf8(record_key) AS key,
  count(*) AS events,
  min(record_timestamp) AS first_event,
  max(record_timestamp) AS last_event
FROM {topic}
WHERE record_key IS NOT NULL
  AND record_timestamp >= :from
  AND record_timestamp < :until
GROUP BY record_key
ORDER BY events DESC, record_key
LIMIT :limit
