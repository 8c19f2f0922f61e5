CREATE TABLE IF NOT EXISTS `events`.`orders` (
  `record_partition` int,
  `record_offset` bigint,
  `record_timestamp` timestamp,
  `record_key` binary,
  `record_value` binary,
  `record_headers` array<struct<key:string,value:binary>>,
  `year` string,
  `month` string,
  `day` string,
  `hour` string
)
USING PARQUET
PARTITIONED BY (`year`, `month`, `day`, `hour`)
LOCATION 's3a://kafka-event-archive/topics/orders/';

MSCK REPAIR TABLE `events`.`orders`;

CREATE OR REPLACE VIEW `events`.`orders_decoded` AS
SELECT
  record_partition,
  record_offset,
  record_timestamp,
  CAST(record_key AS STRING) AS `key`,
  CAST(record_value AS STRING) AS `value`,
  transform(record_headers, h -> named_struct('key', h.key, 'value', CAST(h.value AS STRING))) AS headers,
  get_json_object(CAST(record_value AS STRING), '$.status') AS `status`,
  get_json_object(CAST(record_value AS STRING), '$.customer.id') AS `customer_id`,
  `year`,
  `month`,
  `day`,
  `hour`
FROM `events`.`orders`;
