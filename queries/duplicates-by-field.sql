-- title: Duplicates by a field
-- description: Values of a JSON field (an event id) that more than one event carries: what a producer sent twice.
-- param topic topic required: the archived topic
-- param field field required: path of the field that ought to be unique
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 1000 min 1 max 100000: rows at most
-- column field_value string: what ought to be there once
-- column copies bigint: how often it is there
-- column distinct_keys bigint: under how many keys
-- column first_event timestamp: the first of them
-- column last_event timestamp: the last of them
-- window: from until

SELECT
  field_value,
  count(*) AS copies,
  count(DISTINCT record_key) AS distinct_keys,
  min(record_timestamp) AS first_event,
  max(record_timestamp) AS last_event
FROM (
  SELECT
    json_extract_scalar(from_utf8(record_value), :field) AS field_value,
    record_key,
    record_timestamp
  FROM {topic}
  WHERE record_timestamp >= :from
    AND record_timestamp < :until
) AS events
WHERE field_value IS NOT NULL
GROUP BY field_value
HAVING count(*) > 1
ORDER BY copies DESC, field_value
LIMIT :limit
