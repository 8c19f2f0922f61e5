CREATE EXTERNAL TABLE IF NOT EXISTS `events`.`orders` (
  `record_partition` int,
  `record_offset` bigint,
  `record_timestamp` timestamp,
  `record_key` binary,
  `record_value` binary,
  `record_headers` array<struct<key:string,value:binary>>
)
PARTITIONED BY (
  `year` string,
  `month` string,
  `day` string,
  `hour` string
)
STORED AS PARQUET
LOCATION 's3://kafka-event-archive/topics/orders/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.year.type' = 'integer',
  'projection.year.range' = '2025,2027',
  'projection.year.digits' = '4',
  'projection.month.type' = 'integer',
  'projection.month.range' = '1,12',
  'projection.month.digits' = '2',
  'projection.day.type' = 'integer',
  'projection.day.range' = '1,31',
  'projection.day.digits' = '2',
  'projection.hour.type' = 'integer',
  'projection.hour.range' = '0,23',
  'projection.hour.digits' = '2'
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
