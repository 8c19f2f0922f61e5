-- title: Funnel between two event types
-- description: Of the entities that had a first event of one type, how many had one of a second type afterwards within a time, and
-- description: how long it took: by the hour of the first. Type and entity are fields of the JSON value.
-- param topic topic required: the archived topic
-- param type_field field default type: path of the field that holds the type
-- param entity_field field required: path of the field that tells whose event it is
-- param first_type string required: the type that begins
-- param second_type string required: the type that is to follow
-- param within_seconds integer default 86400 min 0 max 31622400: how long it may take
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- column hour timestamp: begin of the hour of the first event, UTC
-- column started bigint: entities that began in it
-- column followed bigint: of them with the second event in time
-- column share double: followed by started
-- column mean_seconds double: what those that followed took
-- column slowest_seconds bigint: the longest that one took
-- window: from until

SELECT
  date_trunc('hour', started_at) AS hour,
  count(*) AS started,
  count(seconds) AS followed,
  CAST(count(seconds) AS double) / count(*) AS share,
  avg(CAST(seconds AS double)) AS mean_seconds,
  max(seconds) AS slowest_seconds
FROM (
  SELECT
    starts.started_at,
    min(date_diff('second', starts.started_at, follows.followed_at)) AS seconds
  FROM (
    SELECT
      json_extract_scalar(from_utf8(record_value), :entity_field) AS entity,
      min(record_timestamp) AS started_at
    FROM {topic}
    WHERE json_extract_scalar(from_utf8(record_value), :type_field) = :first_type
      AND record_timestamp >= :from
      AND record_timestamp < :until
    GROUP BY 1
  ) AS starts
  LEFT JOIN (
    SELECT
      json_extract_scalar(from_utf8(record_value), :entity_field) AS entity,
      record_timestamp AS followed_at
    FROM {topic}
    WHERE json_extract_scalar(from_utf8(record_value), :type_field) = :second_type
      AND record_timestamp >= :from
      AND record_timestamp < :until
  ) AS follows
    ON follows.entity = starts.entity
    AND follows.followed_at >= starts.started_at
    AND date_diff('second', starts.started_at, follows.followed_at) <= :within_seconds
  WHERE starts.entity IS NOT NULL
  GROUP BY starts.entity, starts.started_at
) AS entities
GROUP BY 1
ORDER BY 1
