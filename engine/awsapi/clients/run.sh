#!/usr/bin/env bash
# Round trips of AWS's own clients against a server: the SDK for JavaScript v3, boto3, the AWS CLI. They are installed once into a
# cache folder (THALWEG_CLIENTS, by default in ~/.cache). Without node or python it says what it skips, and fails if SKIPS=fail.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/lib.sh"

install_javascript() {
  [ -d "$cache/js/node_modules/@aws-sdk/client-kinesis" ] ||
    npm install --silent --no-audit --no-fund --prefix "$cache/js" @aws-sdk/client-kinesis@3
}
install_python() {
  [ -x "$cache/python/bin/aws" ] || { python3 -m venv "$cache/python" && "$cache/python/bin/pip" -q --disable-pip-version-check install boto3 awscli; }
}

build
serve 0

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
skips
