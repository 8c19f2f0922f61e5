-- title: Schema versions in use
-- description: How many events of each version there were on each day, and when each version was first and last seen that day; the
-- description: version is a field of the JSON value.
-- param topic topic required: the archived topic
-- param version_field field default version: path of the field that holds the version
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- column day timestamp: begin of the day, UTC
-- column version string: the version, NULL where the value has none
-- column events bigint: how many
-- column first_event timestamp: the first of them
-- column last_event timestamp: the last of them
-- window: from until

SELECT
  date_trunc('day', record_timestamp) AS day,
  json_extract_scalar(from_utf8(record_value), :version_field) AS version,
  count(*) AS events,
  min(record_timestamp) AS first_event,
  max(record_timestamp) AS last_event
FROM {topic}
WHERE record_value IS NOT NULL
  AND record_timestamp >= :from
  AND record_timestamp < :until
GROUP BY 1, 2
ORDER BY 1, 2
