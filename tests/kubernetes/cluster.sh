# A cluster of etcd and kube-apiserver on loopback, without controllers and kubelets. Sourced by run, which sets
# $work, $root and $apiserver.

certificates=$root/tests/golden/tls
pids=()

free_port() {
    # A port that was free a moment ago.
    local port
    while port=$((20000 + RANDOM % 20000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

# Ends what was started, the last first.
stop_cluster() {
    local at
    for ((at = ${#pids[@]} - 1; at >= 0; at--)); do
        kill "${pids[at]}" 2>/dev/null || true
        wait "${pids[at]}" 2>/dev/null || true
    done
}

start_etcd() {
    etcd_url=http://127.0.0.1:$(free_port)
    etcd --data-dir "$work/etcd" --listen-client-urls "$etcd_url" --advertise-client-urls "$etcd_url" \
        --listen-peer-urls "http://127.0.0.1:$(free_port)" >"$work/etcd.log" 2>&1 &
    pids+=($!)
}

# Users are in a file: an administrator, and the service account of docs/kubernetes.md.
prepare_apiserver() {
    port=$(free_port)
    server=https://127.0.0.1:$port
    mkdir -p "$work/account"
    cp "$certificates/ca.pem" "$work/account/ca.crt"
    echo "administrator" >"$work/administrator.token"
    echo "token-of-tidegate" >"$work/account/token"
    cat >"$work/tokens.csv" <<END
administrator,admin,admin,"system:masters"
token-of-tidegate,system:serviceaccount:tidegate:tidegate,tidegate
END
}

start_apiserver() {
    "$apiserver" --etcd-servers "$etcd_url" --bind-address 127.0.0.1 --secure-port "$port" \
        --tls-cert-file "$certificates/server.pem" --tls-private-key-file "$certificates/server.key" \
        --client-ca-file "$certificates/ca.pem" --token-auth-file "$work/tokens.csv" \
        --authorization-mode RBAC --service-cluster-ip-range 10.96.0.0/16 \
        --service-account-issuer https://kubernetes --service-account-key-file "$certificates/server.pem" \
        --service-account-signing-key-file "$certificates/server.key" \
        --disable-admission-plugins ServiceAccount --cert-dir "$work" "$@" >>"$work/apiserver.log" 2>&1 &
    apiserver_pid=$!
    pids+=("$apiserver_pid")
    for ((n = 0; n < 600; n++)); do
        if api GET /readyz >/dev/null 2>&1; then return; fi
        kill -0 "$apiserver_pid" 2>/dev/null || break
        sleep 0.2
    done
    tail -n 20 "$work/apiserver.log" >&2
    echo "kube-apiserver did not start" >&2
    exit 1
}

stop_apiserver() {
    kill "$apiserver_pid"
    wait "$apiserver_pid" 2>/dev/null || true
}

# api METHOD PATH [FILE]: a request of the administrator, with an object in YAML or JSON.
api() {
    local arguments=(--silent --show-error --fail-with-body --cacert "$certificates/ca.pem" -X "$1"
        -H "Authorization: Bearer $(<"$work/administrator.token")")
    if [[ -n ${3:-} ]]; then
        arguments+=(-H "Content-Type: ${type:-application/yaml}" --data-binary "@$3")
    fi
    curl "${arguments[@]}" "$server$2"
}

# create PATH: an object from standard input.
create() {
    cat >"$work/object"
    api POST "$1" "$work/object" >"$work/answer" || {
        cat "$work/answer" >&2
        return 1
    }
}
