// A round trip with the AWS SDK for JavaScript v3, which speaks HTTP/2 to Kinesis by prior knowledge: create, put, get,
// subscribe, reshard. Run by run.sh, with ENDPOINT set.
import assert from "node:assert/strict";
import {
  KinesisClient, CreateStreamCommand, DescribeStreamSummaryCommand, PutRecordsCommand, ListShardsCommand, GetShardIteratorCommand,
  GetRecordsCommand, RegisterStreamConsumerCommand, DescribeStreamConsumerCommand, SubscribeToShardCommand, UpdateShardCountCommand,
  DeleteStreamCommand, ResourceNotFoundException,
} from "@aws-sdk/client-kinesis";

const StreamName = "js";
const client = new KinesisClient({
  endpoint: process.env.ENDPOINT, region: "eu-west-1", credentials: { accessKeyId: "AKID", secretAccessKey: "secret" },
});
const send = (command) => client.send(command);
const data = (records) => records.map((r) => Buffer.from(r.Data).toString());

async function read(ShardId) {
  const out = [];
  let { ShardIterator } = await send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }));
  while (ShardIterator) {
    const got = await send(new GetRecordsCommand({ ShardIterator, Limit: 7 }));
    out.push(...data(got.Records));
    if (!got.NextShardIterator) return { out, children: got.ChildShards };
    if (got.Records.length === 0) return { out, children: [] };
    ShardIterator = got.NextShardIterator;
  }
}

await send(new CreateStreamCommand({ StreamName, ShardCount: 1, Tags: { team: "web" } }));
const { StreamDescriptionSummary: about } = await send(new DescribeStreamSummaryCommand({ StreamName }));
assert.equal(about.StreamStatus, "ACTIVE");
assert.ok(about.StreamCreationTimestamp instanceof Date && Math.abs(Date.now() - about.StreamCreationTimestamp) < 60_000);

const Records = Array.from({ length: 20 }, (_, i) => ({ PartitionKey: `k${i}`, Data: Buffer.from(`record ${i}`) }));
const put = await send(new PutRecordsCommand({ StreamName, Records }));
assert.equal(put.FailedRecordCount, 0);
assert.deepEqual((await read("shardId-000000000000")).out, Records.map((r) => r.Data.toString()));

const { Consumer } = await send(new RegisterStreamConsumerCommand({ StreamARN: about.StreamARN, ConsumerName: "c" }));
await send(new DescribeStreamConsumerCommand({ ConsumerARN: Consumer.ConsumerARN }));
const { EventStream } = await send(new SubscribeToShardCommand({
  ConsumerARN: Consumer.ConsumerARN, ShardId: "shardId-000000000000", StartingPosition: { Type: "TRIM_HORIZON" },
}));
const pushed = [];
let children = [];
for await (const event of EventStream) {
  const e = event.SubscribeToShardEvent;
  if (!e) continue;
  pushed.push(...data(e.Records));
  if (pushed.length === 20 && children.length === 0) {
    await send(new UpdateShardCountCommand({ StreamName, TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" }));
  }
  children = e.ChildShards ?? [];
  if (children.length > 0) break;
}
assert.equal(pushed.length, 20);
assert.deepEqual(children.map((c) => c.ParentShards), [["shardId-000000000000"], ["shardId-000000000000"]]);

await send(new PutRecordsCommand({ StreamName, Records }));
const { Shards } = await send(new ListShardsCommand({ StreamName }));
const all = (await Promise.all(Shards.map((s) => read(s.ShardId)))).flatMap((r) => r.out);
assert.equal(all.length, 40);
await send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }));
await assert.rejects(send(new DescribeStreamSummaryCommand({ StreamName })), ResourceNotFoundException);
client.destroy();
console.log("JavaScript SDK: create, put, get, subscribe, reshard, delete");
