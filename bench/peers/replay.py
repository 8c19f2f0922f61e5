"""Parquet in S3 back to Kafka by pyarrow and confluent-kafka's (librdkafka's) transactional producer, each partition in offset order."""

import json
import sys
import time

import pyarrow.compute as pc
import pyarrow.parquet as pq
from confluent_kafka import Producer
from pyarrow import fs

job = json.loads(sys.argv[1])
store = fs.S3FileSystem(
    access_key=job["accessKeyId"],
    secret_key=job["secretAccessKey"],
    endpoint_override=job["endpoint"],
    region=job["region"],
)

started = time.monotonic()
producer = Producer(
    {
        "bootstrap.servers": job["brokers"],
        "transactional.id": "peer",
        "compression.type": "zstd",
        "compression.level": 1,
        "linger.ms": 20,
        "batch.size": 1_000_000,
        "queue.buffering.max.messages": 500_000,
        "queue.buffering.max.kbytes": 512 * 1024,
    }
)
producer.init_transactions()
selector = fs.FileSelector(f"{job['bucket']}/topics/{job['topic']}", recursive=True)
files = {}
for info in store.get_file_info(selector):
    if info.is_file:
        files.setdefault(int(info.base_name.split("+")[1]), []).append(info.path)
records = 0
producer.begin_transaction()
for partition, paths in sorted(files.items()):
    columns = ["record_offset", "record_timestamp", "record_key", "record_value", "record_headers"]
    table = pq.read_table(paths, filesystem=store, columns=columns, partitioning=None).sort_by("record_offset")
    for batch in table.to_batches(max_chunksize=10_000):
        timestamps = batch.column("record_timestamp").cast("int64").to_pylist()
        keys = batch.column("record_key").to_pylist()
        values = batch.column("record_value").to_pylist()
        headers = batch.column("record_headers").to_pylist()
        for timestamp, key, value, header_list in zip(timestamps, keys, values, headers):
            while True:
                try:
                    producer.produce(
                        job["target"],
                        value,
                        key,
                        partition,
                        timestamp=timestamp // 1000,
                        headers=[(header["key"], header["value"]) for header in header_list],
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            records += 1
            if records % job["transactionRecords"] == 0:
                producer.commit_transaction()
                producer.begin_transaction()
        producer.poll(0)
# throws when a record of it was not delivered
producer.commit_transaction()
print(json.dumps({"records": records, "seconds": time.monotonic() - started}))
