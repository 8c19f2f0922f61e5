CREATE TABLE IF NOT EXISTS "events"."orders" (
  "record_partition" integer,
  "record_offset" bigint,
  "record_timestamp" timestamp(3),
  "record_key" varbinary,
  "record_value" varbinary,
  "record_headers" array(row(key varchar, value varbinary)),
  "year" varchar WITH (partition_projection_type = 'INTEGER', partition_projection_range = ARRAY['2025', '2027'], partition_projection_digits = 4),
  "month" varchar WITH (partition_projection_type = 'INTEGER', partition_projection_range = ARRAY['1', '12'], partition_projection_digits = 2),
  "day" varchar WITH (partition_projection_type = 'INTEGER', partition_projection_range = ARRAY['1', '31'], partition_projection_digits = 2),
  "hour" varchar WITH (partition_projection_type = 'INTEGER', partition_projection_range = ARRAY['0', '23'], partition_projection_digits = 2)
)
WITH (
  format = 'PARQUET',
  external_location = 's3://kafka-event-archive/topics/orders/',
  partitioned_by = ARRAY['year', 'month', 'day', 'hour'],
  partition_projection_enabled = true
);

CREATE OR REPLACE VIEW "events"."orders_decoded" AS
SELECT
  record_partition,
  record_offset,
  record_timestamp,
  from_utf8(record_key) AS "key",
  from_utf8(record_value) AS "value",
  transform(record_headers, h -> CAST(ROW(h.key, from_utf8(h.value)) AS row(key varchar, value varchar))) AS headers,
  json_extract_scalar(from_utf8(record_value), '$.status') AS "status",
  json_extract_scalar(from_utf8(record_value), '$.customer.id') AS "customer_id",
  "year",
  "month",
  "day",
  "hour"
FROM "events"."orders";
