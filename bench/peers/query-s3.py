"""pyarrow's dataset over an archive in a bucket: whole records of one key. Prints how many there are."""

import json
import sys

import pyarrow.dataset as ds
from pyarrow import fs

job = json.loads(sys.argv[1])
store = fs.S3FileSystem(
    access_key=job["accessKeyId"],
    secret_key=job["secretAccessKey"],
    region=job["region"],
    endpoint_override=job["endpoint"],
)
hive = ds.HivePartitioning.discover(infer_dictionary=False)
data = ds.dataset(job["folder"], filesystem=store, format="parquet", partitioning=hive)
columns = ["record_timestamp", "record_partition", "record_offset", "record_key", "record_value"]
print(data.to_table(columns=columns, filter=ds.field("record_key") == job["key"].encode()).num_rows)
