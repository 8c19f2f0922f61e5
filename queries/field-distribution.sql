-- title: Distribution of a numeric field
-- description: How a number in the JSON value is spread: count, least, greatest and mean per bucket of equal width. Values that are
-- description: no numbers do not count.
-- param topic topic required: the archived topic
-- param field field required: path of the field
-- param width double default 10 min 0.000001: width of a bucket
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 1000 min 1 max 100000: buckets at most
-- column bucket_from double: where the bucket begins; it ends before the next one
-- column events bigint: how many
-- column least double: the smallest value in it
-- column greatest double: the largest value in it
-- column mean double: their mean
-- column share double: of all events that have the number
-- window: from until

SELECT
  floor(number / :width) * :width AS bucket_from,
  count(*) AS events,
  min(number) AS least,
  max(number) AS greatest,
  avg(number) AS mean,
  CAST(count(*) AS double) / sum(count(*)) OVER () AS share
FROM (
  SELECT try_cast(json_extract_scalar(from_utf8(record_value), :field) AS double) AS number
  FROM {topic}
  WHERE record_timestamp >= :from
    AND record_timestamp < :until
) AS events
WHERE number IS NOT NULL
GROUP BY 1
ORDER BY 1
LIMIT :limit
