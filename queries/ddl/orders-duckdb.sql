CREATE SCHEMA IF NOT EXISTS "events";

CREATE OR REPLACE VIEW "events"."orders" AS
SELECT
  record_partition,
  record_offset,
  record_timestamp,
  record_key,
  record_value,
  record_headers,
  "year",
  "month",
  "day",
  "hour"
FROM read_parquet('s3://kafka-event-archive/topics/orders/*/*/*/*/*.parquet', hive_partitioning = true, hive_types_autocast = false);

CREATE OR REPLACE VIEW "events"."orders_decoded" AS
SELECT
  record_partition,
  record_offset,
  record_timestamp,
  decode(record_key, 'replace') AS "key",
  decode(record_value, 'replace') AS "value",
  list_transform(record_headers, lambda h: {'key': h.key, 'value': decode(h.value, 'replace')}) AS headers,
  try(json_extract_string(decode(record_value, 'replace'), '$.status')) AS "status",
  try(json_extract_string(decode(record_value, 'replace'), '$.customer.id')) AS "customer_id",
  "year",
  "month",
  "day",
  "hour"
FROM "events"."orders";
