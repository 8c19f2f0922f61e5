"""pyarrow's dataset over the archive's folder: one question of three. Prints how many rows it found."""

import datetime
import json
import sys

import pyarrow.compute as pc
import pyarrow.dataset as ds

job = json.loads(sys.argv[1])
hive = ds.HivePartitioning.discover(infer_dictionary=False)
data = ds.dataset(job["folder"], format="parquet", partitioning=hive)
if job["question"] == "volume of one hour":
    first = datetime.datetime.fromtimestamp(job["hourMs"] / 1000, datetime.timezone.utc)
    until = first + datetime.timedelta(hours=1)
    wanted = (ds.field("record_timestamp") >= first) & (ds.field("record_timestamp") < until)
    table = data.to_table(columns=["record_value"], filter=wanted)
    pc.sum(pc.binary_length(table["record_value"]))
    print(table.num_rows)
elif job["question"] == "records of one key":
    table = data.to_table(columns=["record_offset"], filter=ds.field("record_key") == job["key"].encode())
    print(table.num_rows)
else:
    total = 0
    for batch in data.to_batches(columns=["record_value"]):
        pc.sum(pc.binary_length(batch["record_value"]))
        total += batch.num_rows
    print(total)
