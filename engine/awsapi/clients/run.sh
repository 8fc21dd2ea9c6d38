#!/usr/bin/env bash
# Round trips of AWS's own clients against a server: the SDK for JavaScript v3, boto3, the AWS CLI. They are installed once into a
# cache folder (THALWEG_CLIENTS, by default in ~/.cache). Without node or python it says what it skips, and fails if SKIPS=fail.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${THALWEG_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/thalweg-clients}
work=$(mktemp -d)
server=
stop() { [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" || true; }; rm -rf "$work"; }
trap stop EXIT
skipped=0
skip() { echo "SKIPPED: $1"; skipped=1; }

install_javascript() {
  [ -d "$cache/js/node_modules/@aws-sdk/client-kinesis" ] ||
    npm install --silent --no-audit --no-fund --prefix "$cache/js" @aws-sdk/client-kinesis@3
}
install_python() {
  [ -x "$cache/python/bin/aws" ] || { python3 -m venv "$cache/python" && "$cache/python/bin/pip" -q --disable-pip-version-check install boto3 awscli; }
}

mkdir -p "$cache"
(cd "$here/../../.." && go build -o "$work/thalweg" ./cmd/thalweg)
"$work/thalweg" serve --data "$work/data" --listen 127.0.0.1:0 --aws-listen 127.0.0.1:0 --aws-credentials AKID:secret 2>"$work/log" &
server=$!
for _ in $(seq 100); do
  ENDPOINT=$(sed -n 's/.*msg=serving aws=\(http[^ ]*\).*/\1/p' "$work/log")
  [ -z "$ENDPOINT" ] || break
  sleep 0.1
done
[ -n "$ENDPOINT" ] || { cat "$work/log" >&2; exit 1; }
export ENDPOINT

if command -v npm >/dev/null; then
  install_javascript
  # Modules are found beside the script.
  cp "$here/roundtrip.mjs" "$cache/js/roundtrip.mjs"
  NODE_NO_WARNINGS=1 node "$cache/js/roundtrip.mjs"
else
  skip "the SDK for JavaScript: there is no npm"
fi
if command -v python3 >/dev/null; then
  install_python
  "$cache/python/bin/python" "$here/roundtrip.py"
  PATH="$cache/python/bin:$PATH" bash "$here/roundtrip.sh"
else
  skip "boto3 and the AWS CLI: there is no python3"
fi
[ "$skipped" = 0 ] || [ "${SKIPS:-}" != fail ]
