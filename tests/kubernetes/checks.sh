# Starts tidegate and looks at what it does. Sourced by run.

start_tidegate() {
    local telemetry
    telemetry=$(free_port)
    agent=http://127.0.0.1:$telemetry
    sed "s|@PORT@|$telemetry|; s|@SERVER@|$server|; s|@ACCOUNT@|$work/account|; s|@SOCKET@|$work/monitor.sock|" \
        "$here/pipeline.toml" >"$work/pipeline.toml"
    # Without a token, nothing is read before the tap is there.
    mv "$work/account/token" "$work/token"
    "$tidegate" run -c "$work/pipeline.toml" --ledger "$work/ledger.json" >"$work/flows" 2>>"$work/tidegate.log" &
    tidegate_pid=$!
    pids+=("$tidegate_pid")
    wait_until "tidegate" curl --silent --fail --output /dev/null "$agent/healthz"
    "$tidegate" tap receivers.kubernetes --address "${agent#http://}" --format json --rate 10000 >"$work/tap" 2>"$work/tap.log" &
    pids+=("$!")
    wait_until "the tap" tap_is_attached
    heap_before=$(heap)
    mv "$work/token" "$work/account/token"
}

tap_is_attached() { curl --silent "$agent/debug/ledger" | grep -q . && sleep 0.5; }

stop_tidegate() {
    kill -INT "$tidegate_pid"
    wait "$tidegate_pid"
}

# wait_until WHAT COMMAND...
wait_until() {
    local what=$1 n
    shift
    for ((n = 0; n < 150; n++)); do
        if "$@" >/dev/null 2>&1; then
            echo "  $what: after $((n / 5)).$((n % 5 * 2)) s"
            return
        fi
        sleep 0.2
    done
    echo "$what: not within 30 s" >&2
    "$@" >&2 || true
    cp "$work/tap" "${TMPDIR:-/tmp}/tidegate-tap.json"
    tail -n 20 "$work/tidegate.log" "$work/tap.log" >&2
    curl --silent "$agent/readyz" >&2 || true
    exit 1
}

problem_has() { curl --silent "$agent/readyz" | grep -qF "$1"; }

metric() { curl --silent "$agent/metrics" | awk -v name="$1" 'index($0, name) == 1 { sum += $NF } END { print sum + 0 }'; }

watching() { [[ $(metric tidegate_kubernetes_watching) == "$1" ]]; }

# Whether requests failed for this reason.
has_failed() {
    local counts
    counts=$(curl --silent "$agent/metrics" | grep '^tidegate_kubernetes_failures_total{' | grep "reason=\"$1\"")
    awk '{ sum += $NF } END { exit sum == 0 }' <<<"$counts"
}

entries_are() {
    jq -s -r -f "$here/fold.jq" "$work/tap" | LC_ALL=C sort >"$work/entries"
    diff "$here/expected/$1.txt" "$work/entries"
}

heap() { awk '/^RssAnon/ { print $2 }' "/proc/$tidegate_pid/status"; }

report_cost() {
    echo "  bytes read: $(metric tidegate_receiver_bytes_total)"
    echo "  heap: $(heap) kB, $heap_before kB before anything was read"
    echo "  CPU seconds: $(awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' "/proc/$tidegate_pid/stat")"
}

# Removes what is older than now from etcd.
compact() {
    local revision
    revision=$(curl --silent -X POST -d '{"key": "AA=="}' "$etcd_url/v3/kv/range" | jq -r .header.revision)
    curl --silent --fail -X POST -d "{\"revision\": \"$revision\"}" "$etcd_url/v3/kv/compaction" >"$work/answer"
}

check_ledger() {
    jq -e '.balanced' "$work/ledger.json" >/dev/null
}
