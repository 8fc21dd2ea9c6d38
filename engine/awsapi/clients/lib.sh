# What run.sh and kcl.sh share; sourced with $here set. Clients are installed once into $cache; everything else is in $work, which
# goes at the end together with what was started by 'background'.
cache=${THALWEG_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/thalweg-clients}
work=$(mktemp -d)
mkdir -p "$cache"
started=()
skipped=0

# end PID: stops a process that this script started, and waits until it has gone.
end() { kill "${2:--TERM}" "$1" 2>/dev/null || true; wait "$1" 2>/dev/null || true; }
stop() {
  local pid
  for pid in "${started[@]}"; do end "$pid"; done
  rm -rf "$work"
}
trap stop EXIT

skip() { echo "SKIPPED: $1"; skipped=1; }
# skips: how the script ends that has skipped something.
skips() { [ "$skipped" = 0 ] || [ "${SKIPS:-}" != fail ]; }

# background LOG COMMAND …: starts a command; its process is $pid.
background() {
  local log=$1
  shift
  "$@" >>"$log" 2>&1 &
  pid=$!
  started+=("$pid")
}

# within SECONDS COMMAND …: waits until the command succeeds.
within() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 0.1
  done
}

build() { (cd "$here/../../.." && go build -o "$work/thalweg" ./cmd/thalweg); }

# serve PORT FLAG …: starts a server on $work/data; 0 takes any free port. Sets ENDPOINT and $server.
serve() {
  local port=$1
  shift
  : >"$work/log"
  background "$work/log" "$work/thalweg" serve --data "$work/data" --listen 127.0.0.1:0 --aws-listen "127.0.0.1:$port" --aws-credentials AKID:secret "$@"
  server=$pid
  within 10 grep -q 'msg=serving aws=' "$work/log" || { cat "$work/log" >&2; return 1; }
  ENDPOINT=$(sed -n 's/.*msg=serving aws=\(http[^ ]*\).*/\1/p' "$work/log")
  export ENDPOINT
}
