#!/usr/bin/env bash
# The Kinesis Client Library, versions 2 and 3, each polling and by enhanced fan-out, follows a stream that the Kinesis Producer
# Library began over TLS, through a split, a crash of the server and a merge: each record must come once to each, and SQL must
# read the same. The libraries come from Maven, their DynamoDB (dynalite) from npm, once, into a cache folder (THALWEG_CLIENTS, by
# default in ~/.cache). Where something is missing it says what it skips, and fails if SKIPS=fail.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/lib.sh"

consumer=amazon-kinesis-client
consumers=(2.6.1 3.3.0)
producer=amazon-kinesis-producer
producer_version=1.0.4
slf4j=2.0.13 # its output goes to the log
patience=150 # seconds; the libraries wait up to 30 of them before they look at a new stream

for tool in java mvn npm openssl; do
  command -v "$tool" >/dev/null || skip "the Kinesis Client and Producer Libraries: there is no $tool"
done
((skipped == 0)) || { skips; exit; }

# jars CLIENT VERSION: where the client lies with all it needs.
jars() { echo "$cache/java/$1-$2"; }
install_jars() {
  [ -d "$(jars "$1" "$2")" ] && return
  local new="$work/jars-$1-$2"
  mvn -q -B -Dstyle.color=never -f "$here/java/pom.xml" dependency:copy-dependencies -Dclient="$1" -Dversion="$2" -Dslf4j="$slf4j" -DoutputDirectory="$new"
  mkdir -p "$cache/java" && mv "$new" "$(jars "$1" "$2")"
}
java_with() { # java_with CLIENT VERSION SOURCE ARGUMENT …
  local path="$(jars "$1" "$2")/*"
  shift 2
  AWS_EC2_METADATA_DISABLED=true exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$path" "$@"
}

build
for version in "${consumers[@]}"; do install_jars "$consumer" "$version"; done
install_jars "$producer" "$producer_version"
[ -d "$cache/dynalite/node_modules/dynalite" ] || npm install --silent --no-audit --no-fund --prefix "$cache/dynalite" dynalite@4

export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=us-east-1
stream() { AWS_ENDPOINT_URL_KINESIS=$ENDPOINT "$work/thalweg" stream "$@"; }
put() { # put FROM TO: that many numbered records
  seq -f 'record %.0f' "$1" "$2" | tee -a "$work/expected" | stream put kcl >/dev/null
}

# 1. The producer library, which speaks nothing but TLS and puts aggregated records.
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -days 2 -keyout "$work/key" -out "$work/cert" 2>/dev/null
"$work/thalweg" stream create kcl --data "$work/data" >/dev/null
serve 0 --aws-tls-cert "$work/cert" --aws-tls-key "$work/key"
port=${ENDPOINT##*:}
(java_with "$producer" "$producer_version" "$here/java/Produce.java" "$port" kcl 200 2>"$work/producer.log") >>"$work/expected" ||
  { tail -n 30 "$work/producer.log" >&2; exit 1; }
end "$server"
serve "$port"
aggregated=$(stream tail kcl --from earliest --no-follow --format json | wc -l)
((aggregated < 200)) || { echo "the producer library aggregated nothing" >&2; exit 1; }

# 2. Its records, taken apart by SQL.
cat >"$work/read.sql" <<SQL
CREATE TABLE kcl (line STRING) WITH ('connector' = 'kinesis', 'stream' = 'kcl', 'aws.endpoint' = '$ENDPOINT', 'aws.region' = 'us-east-1',
  'source.init.position' = 'TRIM_HORIZON', 'scan.bounded.mode' = 'latest', 'format' = 'raw');
SELECT line FROM kcl;
SQL
read_by_sql() { "$work/thalweg" run --format csv "$work/read.sql" | tail -n +2 | sort | diff -u <(sort "$work/expected") - >&2; }
read_by_sql

# 3. The client library.
background "$work/dynalite.log" node "$cache/dynalite/node_modules/.bin/dynalite" --port 0 --createTableMs 0 --deleteTableMs 0 --updateTableMs 0
within 10 grep -q 'listening at' "$work/dynalite.log"
dynamo=$(sed -n 's/.*listening at: *//p' "$work/dynalite.log")
names=()
: >"$work/followed"
for version in "${consumers[@]}"; do
  name=kcl${version%%.*}
  names+=("$name-poll" "$name-push")
  background "$work/$name.log" java_with "$consumer" "$version" "$here/java/Follow.java" "$ENDPOINT" "$dynamo" kcl "$name" "$work/followed"
done

# all_there: each of the followers has had as many records as there are, and the end of as many shards as given.
all_there() {
  local name want
  want=$(($(wc -l <"$work/expected") + $1))
  for name in "${names[@]}"; do
    (($(grep -c "^$name " "$work/followed") >= want)) || return 1
  done
}
await() { # await ENDED WHAT
  if ! within "$patience" all_there "$1"; then
    echo "after $2, $patience s were not enough; of $(wc -l <"$work/expected") records and $1 ends of shards there came:" >&2
    cut -d ' ' -f 1 "$work/followed" | sort | uniq -c >&2
    tail -n 20 "$work"/kcl*.log >&2
    exit 1
  fi
}
put 1 100
await 0 "the start"
stream reshard kcl --split shardId-000000000000 >/dev/null
put 101 300
await 1 "a split"
put 301 400
end "$server" -KILL
serve "$port"
put 401 500
await 1 "a crash of the server"
stream reshard kcl --merge shardId-000000000001,shardId-000000000002 >/dev/null
put 501 600
await 3 "a merge"
for name in "${names[@]}"; do
  sed -n "s/^$name [^ ]* //p" "$work/followed" | grep -v '^END$' | sort | diff -u <(sort "$work/expected") - >&2 ||
    { echo "$name did not have each record once" >&2; exit 1; }
done
read_by_sql
echo "KPL $producer_version: 200 records in $aggregated, over TLS; read by SQL"
echo "KCL ${consumers[*]}: polling and fan-out, $(wc -l <"$work/expected") records once each, over a split, a crash of the server and a merge"
