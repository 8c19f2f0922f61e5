"""Kafka to Parquet in S3 by Spark's batch reader of a topic, twice in one session: the first run also warms the JVM."""

import json
import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, date_format

job = json.loads(sys.argv[1])
jars = ",".join(str(jar) for jar in sorted(Path(job["jars"]).glob("*.jar")))
ticks_per_second = 100
settings = {
    "spark.jars": jars,
    "spark.driver.memory": "4g",
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # files of all hours of a task open at once, so that nothing is sorted
    "spark.sql.maxConcurrentOutputFileWriters": "1000",
    "spark.hadoop.parquet.compression.codec.zstd.level": "1",
    # tasks move their files themselves: no second move by the driver at the end
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.hadoop.fs.s3a.endpoint": job["endpoint"],
    "spark.hadoop.fs.s3a.endpoint.region": job["region"],
    "spark.hadoop.fs.s3a.path.style.access": "true",
    "spark.hadoop.fs.s3a.access.key": job["accessKeyId"],
    "spark.hadoop.fs.s3a.secret.key": job["secretAccessKey"],
}
kafka = {
    "kafka.bootstrap.servers": job["brokers"],
    "subscribe": job["topic"],
    "startingOffsets": "earliest",
    "endingOffsets": "latest",
    "includeHeaders": "true",
    "kafka.fetch.max.bytes": str(64 * 1024 * 1024),
    "kafka.max.partition.fetch.bytes": str(8 * 1024 * 1024),
    "kafka.max.poll.records": "10000",
}


def capture(place):
    columns = ["partition", "offset", "timestamp", "key", "value", "headers"]
    parts = {"year": "yyyy", "month": "MM", "day": "dd", "hour": "HH"}
    rows = spark.read.format("kafka").options(**kafka).load()
    rows.select(
        *[col(name).alias(f"record_{name}") for name in columns],
        *[date_format("timestamp", pattern).alias(part) for part, pattern in parts.items()],
    ).write.partitionBy(*parts).option("maxRecordsPerFile", job["flushSize"]).parquet(
        f"s3a://{job['bucket']}/{place}topics/{job['topic']}"
    )


def cpu_seconds():
    """Of this process and the JVM, from their starts."""
    stat = Path(f"/proc/{jvm_pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(stat[11]) + int(stat[12])) / ticks_per_second


builder = SparkSession.builder.master("local[2]").appName("peer")
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
jvm_pid = spark._jvm.java.lang.ProcessHandle.current().pid()
runs = {}
cpu = 0
for run, place in {"first": "first/", "warm": ""}.items():
    started = time.monotonic()
    capture(place)
    runs[run] = {"seconds": time.monotonic() - started, "cpuSeconds": cpu_seconds() - cpu}
    cpu = cpu_seconds()
print(json.dumps(runs))
spark.stop()
