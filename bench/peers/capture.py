"""Kafka to Parquet in S3 by confluent-kafka (librdkafka) and pyarrow; encoding and upload run beside the consumer."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
from confluent_kafka import Consumer, TopicPartition
from pyarrow import fs

job = json.loads(sys.argv[1])
hour_ms = 3_600_000
header_type = pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())]))
store = fs.S3FileSystem(
    access_key=job["accessKeyId"],
    secret_key=job["secretAccessKey"],
    endpoint_override=job["endpoint"],
    region=job["region"],
)


class Rows:
    def __init__(self):
        self.offsets, self.timestamps, self.keys, self.values = [], [], [], []
        self.header_starts, self.header_keys, self.header_values = [0], [], []


def write(partition, hour, rows):
    count = len(rows.offsets)
    headers = pa.ListArray.from_arrays(
        pa.array(rows.header_starts, pa.int32()),
        pa.StructArray.from_arrays(
            [pa.array(rows.header_keys, pa.string()), pa.array(rows.header_values, pa.binary())], ["key", "value"]
        ),
    )
    table = pa.table(
        {
            "record_partition": pa.array([partition] * count, pa.int32()),
            "record_offset": pa.array(rows.offsets, pa.int64()),
            "record_timestamp": pa.array(rows.timestamps, pa.timestamp("ms", "UTC")).cast(pa.timestamp("us", "UTC")),
            "record_key": pa.array(rows.keys, pa.binary()),
            "record_value": pa.array(rows.values, pa.binary()),
            "record_headers": headers,
        }
    )
    folder = time.strftime("year=%Y/month=%m/day=%d/hour=%H", time.gmtime(hour * 3600))
    path = f"{job['bucket']}/topics/{job['topic']}/{folder}/{job['topic']}+{partition}+{rows.offsets[0]:010d}.parquet"
    pq.write_table(table, path, filesystem=store, compression="zstd", compression_level=1, row_group_size=65_536)


started = time.monotonic()
consumer = Consumer(
    {
        "bootstrap.servers": job["brokers"],
        "group.id": "peer",
        "enable.auto.commit": False,
        "fetch.max.bytes": 64 * 1024 * 1024,
        "max.partition.fetch.bytes": 8 * 1024 * 1024,
        "queued.min.messages": 200_000,
        "queued.max.messages.kbytes": 256 * 1024,
    }
)
partitions = [TopicPartition(job["topic"], p, 0) for p in range(job["partitions"])]
total = sum(consumer.get_watermark_offsets(partition)[1] for partition in partitions)
consumer.assign(partitions)
open_rows = {}
uploads = []
records = 0
with ThreadPoolExecutor(2) as pool:
    while records < total:
        for message in consumer.consume(num_messages=10_000, timeout=1.0):
            if message.error():
                raise RuntimeError(message.error())
            timestamp = message.timestamp()[1]
            place = (message.partition(), timestamp // hour_ms)
            rows = open_rows.get(place)
            if rows is None:
                rows = open_rows[place] = Rows()
            rows.offsets.append(message.offset())
            rows.timestamps.append(timestamp)
            rows.keys.append(message.key())
            rows.values.append(message.value())
            for key, value in message.headers() or ():
                rows.header_keys.append(key)
                rows.header_values.append(value)
            rows.header_starts.append(len(rows.header_keys))
            records += 1
            if len(rows.offsets) == job["flushSize"]:
                uploads.append(pool.submit(write, *place, open_rows.pop(place)))
                # no more than two at work and two waiting
                if len(uploads) > 4:
                    uploads.pop(0).result()
    for place, rows in open_rows.items():
        uploads.append(pool.submit(write, *place, rows))
    for upload in uploads:
        upload.result()
seconds = time.monotonic() - started
print(json.dumps({"records": records, "seconds": seconds}))
