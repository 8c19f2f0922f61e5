"""
Parquet in S3 back to Kafka by pyarrow and confluent-kafka's (librdkafka's) transactional producer, each partition in
offset order. A thread reads and sorts what comes next; librdkafka compresses and sends in threads of its own.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from confluent_kafka import Producer
from pyarrow import fs

job = json.loads(sys.argv[1])
columns = ["record_offset", "record_timestamp", "record_key", "record_value", "record_headers"]
chunk_rows = 10_000
store = fs.S3FileSystem(
    access_key=job["accessKeyId"],
    secret_key=job["secretAccessKey"],
    endpoint_override=job["endpoint"],
    region=job["region"],
)


def files_by_partition():
    """A file's name says partition and first offset; ascending by both."""
    files = {}
    for info in store.get_file_info(fs.FileSelector(f"{job['bucket']}/topics/{job['topic']}", recursive=True)):
        if info.is_file:
            _, partition, offset = info.base_name.removesuffix(".parquet").rsplit("+", 2)
            files.setdefault(int(partition), []).append((int(offset), info.path))
    return [(partition, sorted(paths)) for partition, paths in sorted(files.items())]


def tables(paths):
    """The rows of a partition by offset; files whose offsets do not overlap come one after the other."""
    held, end = [], None
    for offset, path in paths:
        if held and offset > end:
            yield in_order(held)
            held = []
        held.append(pq.read_table(path, filesystem=store, columns=columns, partitioning=None))
        last = pc.max(held[-1].column("record_offset")).as_py()
        end = last if end is None else max(end, last)
    if held:
        yield in_order(held)


def in_order(held):
    return held[0] if len(held) == 1 else pa.concat_tables(held).sort_by("record_offset")


def ahead(source):
    """Takes the next one of a generator while this one is used."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, source, None)
        while (item := coming.result()) is not None:
            coming = reader.submit(next, source, None)
            yield item


def headers_of(batch):
    """A list of (name, value) for each row; made from whole columns, which is much faster than struct by struct."""
    lists = batch.column("record_headers")
    keys, values = lists.flatten().flatten()
    pairs = list(zip(keys.to_pylist(), values.to_pylist()))
    offsets = lists.offsets.to_pylist()
    first = offsets[0]
    return [pairs[start - first : end - first] for start, end in zip(offsets, offsets[1:])]


started = time.monotonic()
producer = Producer(
    {
        "bootstrap.servers": job["brokers"],
        "transactional.id": f"peer-{job['target']}",
        "compression.type": job["codec"],
        "compression.level": 1 if job["codec"] == "zstd" else -1,
        "linger.ms": 20,
        "batch.size": 1_000_000,
        "batch.num.messages": 100_000,
        "queue.buffering.max.messages": 500_000,
        "queue.buffering.max.kbytes": 512 * 1024,
    }
)
producer.init_transactions()
target, transaction_records = job["target"], job["transactionRecords"]
produce = producer.produce
records = 0
producer.begin_transaction()
work = ((partition, table) for partition, paths in files_by_partition() for table in tables(paths))
for partition, table in ahead(work):
    for batch in table.to_batches(max_chunksize=chunk_rows):
        timestamps = batch.column("record_timestamp").cast("int64").to_pylist()
        keys = batch.column("record_key").to_pylist()
        values = batch.column("record_value").to_pylist()
        for timestamp, key, value, headers in zip(timestamps, keys, values, headers_of(batch)):
            while True:
                try:
                    produce(target, value, key, partition, timestamp=timestamp // 1000, headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
            records += 1
            if records % transaction_records == 0:
                producer.commit_transaction()
                producer.begin_transaction()
        producer.poll(0)
# throws when a record of it was not delivered
producer.commit_transaction()
print(json.dumps({"records": records, "seconds": time.monotonic() - started}))
