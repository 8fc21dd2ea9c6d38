#!/usr/bin/env bash
# Measures PutRecords (1 KB x 500) against Thalweg, which syncs to disk before it answers, and kinesalite from npm, which
# keeps everything in memory, one after the other on this machine. Needs node and npm; kinesalite goes into a cache folder.
# Arguments go to the load generator: compare.sh --clients 8 --duration 10s
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/thalweg-kinesalite
work=$(mktemp -d)
pids=()
stop() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$work"; }
trap stop EXIT

if ! command -v npm >/dev/null; then echo "compare.sh needs node and npm" >&2; exit 1; fi
[ -x "$cache/node_modules/.bin/kinesalite" ] || npm install --silent --no-audit --no-fund --prefix "$cache" kinesalite@3.3.3
go build -o "$work/thalweg" ./cmd/thalweg
go build -o "$work/putrecords" ./benchmarks/putrecords

await() { for _ in $(seq 100); do if (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi; sleep 0.1; done; echo "nothing listens on port $1" >&2; exit 1; }
# The processor time a process has used, in seconds.
cpu() { ps -o cputimes= -p "$1" | tr -d ' '; }

measure() { # name, port, pid
  await "$2"
  "$work/putrecords" --endpoint "http://127.0.0.1:$2" "${arguments[@]}" | sed "s/^/$1 /"
  echo "$1 used $(cpu "$3") s of processor time"
}
arguments=("$@")

"$work/thalweg" serve --data "$work/data" --listen 127.0.0.1:14568 --aws-listen 127.0.0.1:14567 2>"$work/thalweg.log" & pids+=($!)
measure thalweg 14567 "${pids[0]}"
kill "${pids[0]}"; wait "${pids[0]}" || true
node "$cache/node_modules/.bin/kinesalite" --port 14569 >"$work/kinesalite.log" 2>&1 & pids+=($!)
measure kinesalite 14569 "${pids[1]}"
