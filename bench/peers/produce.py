"""
Fills a topic with a data set, always the same records at the same offsets; each process writes partitions of its own.
Prints how many bytes their keys, values and headers have.
"""

import json
import multiprocessing
import os
import random
import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

start_ms = 1_768_381_200_000  # 2026-01-14T09:00:00Z
hour_ms = 3_600_000
statuses = ["placed", "paid", "packed", "shipped", "delivered", "cancelled"]
words = "order parcel river stone light window garden market letter engine copper autumn signal harbor winter paper".split()
text_bytes = 16 * 1024 * 1024


def hash32(i):
    return i * 2_654_435_761 & 0xFFFFFFFF


def order(i, timestamp):
    """About 190 bytes of JSON, a key and two headers."""
    hash = hash32(i)
    order_id = f"ord-{hash % 500_000:09d}"
    value = (
        f'{{"eventId":"{hash:016x}","seq":{i},"orderId":"{order_id}","customerId":"c-{hash % 50_000:06d}",'
        f'"status":"{statuses[hash % 6]}","amount":{hash % 99_999 / 100},"currency":"EUR","items":{hash % 9},'
        f'"version":1,"occurredAt":{timestamp}}}'
    )
    return order_id, value, [("eventType", "OrderChanged"), ("traceId", f"{i:016x}")]


def orders():
    return order


def tenants():
    """Orders with a third header, one of a hundred tenants; a tenant has 5,000 of the order ids."""

    def make(i, timestamp):
        key, value, headers = order(i, timestamp)
        return key, value, [*headers, ("tenant", f"t-{hash32(i) % 500_000 // 5_000:02d}")]

    return make


def hour_keys():
    """Orders whose keys are all of one hour: 10,000 of them in each."""

    def make(i, timestamp):
        _, value, headers = order(i, timestamp)
        return f"{timestamp // hour_ms}-{hash32(i) % 10_000:04d}", value, headers

    return make


def kilobytes():
    """1,024 bytes: the order with free text that seldom repeats within a row group."""
    source = random.Random(1024)
    text = " ".join(source.choices(words, k=text_bytes // 6))[: text_bytes - text_bytes // 8]

    def make(i, timestamp):
        key, value, headers = order(i, timestamp)
        length = 1024 - len(value) - 10
        at = hash32(i * 31 + 7) % (len(text) - length)
        return key, f'{value[:-1]},"note":"{text[at : at + length]}"}}', headers

    return make


def tiny():
    """20 bytes of a sensor's reading, a key of 8 bytes, no headers."""

    def make(i, timestamp):
        hash = hash32(i)
        return f"s-{hash % 20_000:06d}", f'{{"t":{hash % 900 + 100},"n":{i % 1_000_000:06d}}}', None

    return make


shapes = {"orders": orders, "tenants": tenants, "hour-keys": hour_keys, "kb": kilobytes, "tiny": tiny}


def size(key, value, headers):
    """All of it is ASCII."""
    return len(key) + len(value) + sum(len(name) + len(content) for name, content in headers or ())


def fill(job, worker, workers, record_bytes):
    records, partitions, hours = job["records"], job["partitions"], job["hours"]
    make = shapes[job["shape"]]()
    producer = Producer(
        {
            "bootstrap.servers": job["brokers"],
            "enable.idempotence": True,
            "compression.type": job["codec"],
            "linger.ms": 200,
            "batch.size": 500_000,
            "queue.buffering.max.messages": 500_000,
            "queue.buffering.max.kbytes": 256 * 1024,
        }
    )
    written = 0
    for base in range(0, records, partitions):
        for partition in range(worker, min(partitions, records - base), workers):
            i = base + partition
            if job["interleaved"]:
                timestamp = start_ms + base // partitions % hours * hour_ms + i % hour_ms
            else:
                timestamp = start_ms + i * hours * hour_ms // records
            key, value, headers = make(i, timestamp)
            written += size(key, value, headers)
            while True:
                try:
                    producer.produce(job["topic"], value, key, partition, timestamp=timestamp, headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
        if base % 10_000 < partitions:
            producer.poll(0)
    producer.flush()
    with record_bytes.get_lock():
        record_bytes.value += written


def stored(job):
    consumer = Consumer({"bootstrap.servers": job["brokers"], "group.id": "produce"})
    places = [TopicPartition(job["topic"], partition) for partition in range(job["partitions"])]
    return sum(consumer.get_watermark_offsets(place)[1] for place in places)


def create(job):
    config = {"retention.ms": "-1", "message.timestamp.before.max.ms": str(2**63 - 1)}
    topic = NewTopic(job["topic"], job["partitions"], 1, config=config)
    admin = AdminClient({"bootstrap.servers": job["brokers"]})
    for created in admin.create_topics([topic]).values():
        created.result()


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    create(job)
    workers = min(os.cpu_count(), 4, job["partitions"])
    record_bytes = multiprocessing.Value("q", 0)
    arguments = [(job, worker, workers, record_bytes) for worker in range(workers)]
    processes = [multiprocessing.Process(target=fill, args=worker) for worker in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if stored(job) != job["records"]:
        sys.exit(f"{job['topic']} holds {stored(job)} of {job['records']} records")
    print(json.dumps({"recordBytes": record_bytes.value}))
