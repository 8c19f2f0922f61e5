"""
Reads a topic by librdkafka, read-committed, from its beginning to its end, and holds it against what `produce.py` wrote:
partition p has the orders p, p + partitions, p + 2 * partitions ..., each once and in this order. Ends with a message when
it has not.
"""

import json
import multiprocessing
import os
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

# of `{"eventId":"0123456789abcdef","seq":`, with which every order begins
seq_at = 36
stalled_seconds = 60


def fail(text):
    raise SystemExit(text)


def check(job, worker, workers):
    topic, records, partitions = job["topic"], job["records"], job["partitions"]
    consumer = Consumer(
        {
            "bootstrap.servers": job["brokers"],
            "group.id": "count",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.message.max.bytes": 4 * 1024 * 1024,
            "fetch.wait.max.ms": 100,
        }
    )
    expected = {partition: iter(range(partition, records, partitions)) for partition in range(worker, partitions, workers)}
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in expected])
    unread = set(expected)
    came_at = time.monotonic()
    while unread:
        messages = consumer.consume(10_000, 0.2)
        if messages:
            came_at = time.monotonic()
        elif time.monotonic() - came_at > stalled_seconds:
            fail(f"{topic}: nothing came for {stalled_seconds} s, before the end of {sorted(unread)}")
        for message in messages:
            partition = message.partition()
            if message.error() is not None:
                if message.error().code() != KafkaError._PARTITION_EOF:
                    fail(f"{topic}: {message.error()}")
                unread.discard(partition)
                continue
            value = message.value()
            seq = int(value[seq_at : value.index(b",", seq_at)])
            wanted = next(expected[partition], None)
            if seq != wanted:
                fail(f"{topic}: order {seq} instead of {wanted} in partition {partition}, offset {message.offset()}")
    for partition, rest in expected.items():
        missing = next(rest, None)
        if missing is not None:
            fail(f"{topic}: partition {partition} ends before order {missing}")
    consumer.close()


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    workers = min(os.cpu_count(), 4, job["partitions"])
    processes = [multiprocessing.Process(target=check, args=(job, worker, workers)) for worker in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    sys.exit(any(process.exitcode != 0 for process in processes))
