-- title: Orders with their payments and shipments
-- description: Every order of the window with what was paid for it and when it was first shipped; payments and shipments of the same
-- description: window are looked at. The topics share an order id, a field of their JSON values.
-- param orders topic required: the topic of orders
-- param payments topic required: the topic of payments
-- param shipments topic required: the topic of shipments
-- param order_field field default orderId: path of the order id in all three
-- param amount_field field default amount: path of the amount in a payment
-- param from timestamp default earliest: first record time
-- param until timestamp default latest: record time to stop before
-- param limit integer default 1000 min 1 max 1000000: orders at most
-- column order_id string: the order
-- column ordered_at timestamp: its first event
-- column paid_at timestamp: the first payment, NULL while there is none
-- column payments bigint: how many payments
-- column paid double: their sum
-- column shipped_at timestamp: the first shipment, NULL while there is none
-- column seconds_to_payment bigint: from order to first payment
-- column seconds_to_shipment bigint: from order to first shipment
-- window: from until

SELECT
  orders.order_id,
  orders.ordered_at,
  payments.paid_at,
  coalesce(payments.payments, 0) AS payments,
  coalesce(payments.paid, 0e0) AS paid,
  shipments.shipped_at,
  date_diff('second', orders.ordered_at, payments.paid_at) AS seconds_to_payment,
  date_diff('second', orders.ordered_at, shipments.shipped_at) AS seconds_to_shipment
FROM (
  SELECT
    json_extract_scalar(from_utf8(record_value), :order_field) AS order_id,
    min(record_timestamp) AS ordered_at
  FROM {orders}
  WHERE record_timestamp >= :from
    AND record_timestamp < :until
  GROUP BY 1
) AS orders
LEFT JOIN (
  SELECT
    json_extract_scalar(from_utf8(record_value), :order_field) AS order_id,
    min(record_timestamp) AS paid_at,
    count(*) AS payments,
    sum(try_cast(json_extract_scalar(from_utf8(record_value), :amount_field) AS double)) AS paid
  FROM {payments}
  WHERE record_timestamp >= :from
    AND record_timestamp < :until
  GROUP BY 1
) AS payments
  ON payments.order_id = orders.order_id
LEFT JOIN (
  SELECT
    json_extract_scalar(from_utf8(record_value), :order_field) AS order_id,
    min(record_timestamp) AS shipped_at
  FROM {shipments}
  WHERE record_timestamp >= :from
    AND record_timestamp < :until
  GROUP BY 1
) AS shipments
  ON shipments.order_id = orders.order_id
WHERE orders.order_id IS NOT NULL
ORDER BY orders.ordered_at, orders.order_id
LIMIT :limit
