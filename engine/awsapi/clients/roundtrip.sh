#!/usr/bin/env bash
# A round trip with the AWS CLI: create, put, get, reshard. (It has no subscribe-to-shard.) Run by run.sh, with ENDPOINT set.
set -euo pipefail
export AWS_ENDPOINT_URL_KINESIS=$ENDPOINT AWS_DEFAULT_REGION=eu-west-1 AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=secret
export AWS_PAGER= AWS_EC2_METADATA_DISABLED=true
k() { aws kinesis "$@"; }

k create-stream --stream-name cli --shard-count 1
k wait stream-exists --stream-name cli
record=$(mktemp)
trap 'rm -f "$record"' EXIT
printf hello >"$record"
k put-record --stream-name cli --partition-key ann --data "fileb://$record" >/dev/null # the same for versions 1 and 2
iterator=$(k get-shard-iterator --stream-name cli --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON --query ShardIterator --output text)
got=$(k get-records --shard-iterator "$iterator" --query 'Records[0].Data' --output text | base64 -d)
[ "$got" = hello ] || { echo "the CLI got '$got'" >&2; exit 1; }
k update-shard-count --stream-name cli --target-shard-count 2 --scaling-type UNIFORM_SCALING >/dev/null
shards=$(k list-shards --stream-name cli --query 'length(Shards)' --output text)
[ "$shards" = 3 ] || { echo "the CLI lists $shards shards, not 3" >&2; exit 1; }
k delete-stream --stream-name cli
echo "AWS CLI: create, put, get, reshard, delete"
