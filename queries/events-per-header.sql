-- title: Events per value of a header
-- description: How many events carry each value of a header (a producer, a tenant), by the first header of that name.
-- param topic topic required: the archived topic
-- param header string required: name of the header
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 100 min 1 max 100000: values at most
-- column header_text string: the value as text, NULL where there is no such header
-- column events bigint: how many
-- column first_event timestamp: the first of them
-- column last_event timestamp: the last of them
-- window: from until

SELECT
  from_utf8({header_value :header}) AS header_text,
  count(*) AS events,
  min(record_timestamp) AS first_event,
  max(record_timestamp) AS last_event
FROM {topic}
WHERE record_timestamp >= :from
  AND record_timestamp < :until
GROUP BY 1
ORDER BY events DESC, header_text
LIMIT :limit
