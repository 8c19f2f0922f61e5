/**
 * Functions of Athena and Trino that DuckDB lacks or has with another meaning, so that one text runs on all of them.
 * As there, what is no JSON or not at the path is NULL, and invalid UTF-8 is replaced instead of failing the query.
 */
export const TRINO_MACROS: readonly string[] = [
  "from_utf8(bytes) AS decode(bytes, 'replace')",
  'to_utf8(t) AS encode(t)',
  // json_value is NULL for objects and lists but quotes strings: it decides, the other gives the text.
  'json_extract_scalar(j, p) AS try(CASE WHEN json_value(j, p) IS NOT NULL THEN json_extract_string(j, p) END)',
  'json_parse(t) AS CAST(t AS JSON)',
  'json_format(j) AS CAST(j AS VARCHAR)',
  'approx_distinct(x) AS approx_count_distinct(x)',
  'approx_percentile(x, share) AS approx_quantile(x, share)',
  'to_unixtime(t) AS epoch(t)',
  'from_unixtime(s) AS to_timestamp(s)',
  // Any map casts to one of texts, with as many entries.
  'cardinality(items) AS len(items), (items MAP(VARCHAR, VARCHAR)) AS system.main.cardinality(items)',
  'regexp_like(t, p) AS regexp_matches(t, p)',
  'length(bytes BLOB) AS octet_length(bytes), (t VARCHAR) AS system.main.length(t), (items) AS len(items)',
  'element_at(items, k) AS items[k]',
  'array_join(items, s) AS array_to_string(items, s)',
  `date_add(u, n, t) AS t + n * CASE lower(u) WHEN 'millisecond' THEN INTERVAL 1 MILLISECOND
     WHEN 'second' THEN INTERVAL 1 SECOND WHEN 'minute' THEN INTERVAL 1 MINUTE WHEN 'hour' THEN INTERVAL 1 HOUR
     WHEN 'day' THEN INTERVAL 1 DAY WHEN 'week' THEN INTERVAL 7 DAY WHEN 'month' THEN INTERVAL 1 MONTH
     WHEN 'quarter' THEN INTERVAL 3 MONTH WHEN 'year' THEN INTERVAL 1 YEAR ELSE error('unknown unit: ' || u) END,
   (d, span) AS d + span`,
  // What is no such text fails there and here; the cast alone would also take dates as people write them, and keeps microseconds.
  `from_iso8601_timestamp(t) AS date_trunc('millisecond', CAST(
     CASE WHEN regexp_matches(t, '^\\d{4}-\\d\\d-\\d\\d(T.*)?$') THEN t ELSE 'no ISO 8601: ' || t END
     AS TIMESTAMP WITH TIME ZONE))`,
  // Whole units that have passed; DuckDB's own counts the borders between them.
  'date_diff(u, a, b) AS date_sub(u, a, b)',
  'day_of_week(t) AS isodow(t)',
  'is_nan(x) AS isnan(x)',
  'truncate(x) AS trunc(x)',
  'bitwise_and(a, b) AS a & b',
  'bitwise_or(a, b) AS a | b',
]
