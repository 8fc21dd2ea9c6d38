"""A round trip with boto3: create, put, get, subscribe, reshard. Run by run.sh, with ENDPOINT set."""

import datetime
import os

import boto3

client = boto3.client(
    "kinesis",
    endpoint_url=os.environ["ENDPOINT"],
    region_name="eu-west-1",
    aws_access_key_id="AKID",
    aws_secret_access_key="secret",
)
name = "python"


def read(shard):
    """The data of a shard up to its end, or its tip."""
    out = []
    iterator = client.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    while iterator:
        got = client.get_records(ShardIterator=iterator, Limit=7)
        out += [r["Data"] for r in got["Records"]]
        iterator = got.get("NextShardIterator")
        if iterator is None:
            assert got["ChildShards"], got
        if not got["Records"]:
            break
    return out


client.create_stream(StreamName=name, ShardCount=1)
client.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
about = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
age = datetime.datetime.now(datetime.timezone.utc) - about["StreamCreationTimestamp"]
assert age < datetime.timedelta(minutes=1), about

records = [{"PartitionKey": f"k{i}", "Data": f"record {i}".encode()} for i in range(20)]
put = client.put_records(StreamName=name, Records=records)
assert put["FailedRecordCount"] == 0, put
assert read("shardId-000000000000") == [r["Data"] for r in records]

consumer = client.register_stream_consumer(StreamARN=about["StreamARN"], ConsumerName="c")["Consumer"]
stream = client.subscribe_to_shard(
    ConsumerARN=consumer["ConsumerARN"], ShardId="shardId-000000000000", StartingPosition={"Type": "TRIM_HORIZON"}
)["EventStream"]
pushed = []
for event in stream:
    e = event["SubscribeToShardEvent"]
    pushed += [r["Data"] for r in e["Records"]]
    if len(pushed) == 20 and not e.get("ChildShards"):
        client.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(1 << 127))
    if e.get("ChildShards"):
        assert [c["ParentShards"] for c in e["ChildShards"]] == [["shardId-000000000000"]] * 2
        break
assert len(pushed) == 20
stream.close()

client.put_records(StreamName=name, Records=records)
client.merge_shards(StreamName=name, ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002")
shards = client.list_shards(StreamName=name)["Shards"]
assert [s.get("AdjacentParentShardId") for s in shards] == [None, None, None, "shardId-000000000002"]
assert sum(len(read(s["ShardId"])) for s in shards) == 40
try:
    client.put_record(StreamName="nope", PartitionKey="k", Data=b"x")
    raise AssertionError("a stream that is not there took a record")
except client.exceptions.ResourceNotFoundException:
    pass
client.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
print("boto3: create, put, get, subscribe, split, merge, delete")
