-- title: Events per type and hour
-- description: How many events of each type there were in each hour; the type is a field of the JSON value.
-- param topic topic required: the archived topic
-- param type_field field default type: path of the field that holds the type
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- column hour timestamp: begin of the hour, UTC
-- column type string: the type, NULL where the value has none
-- column events bigint: how many
-- window: from until

SELECT
  date_trunc('hour', record_timestamp) AS hour,
  json_extract_scalar(from_utf8(record_value), :type_field) AS type,
  count(*) AS events
FROM {topic}
WHERE record_timestamp >= :from
  AND record_timestamp < :until
GROUP BY 1, 2
ORDER BY 1, 2
