# shellcheck shell=bash
# Sourced by scenario: a node with a cilium-agent, without Kubernetes; runs in namespaces of its own.
# It has the uplink eth0 to the network namespace `outside`, which also answers for the second node.

outside4=192.168.99.2 outside6=fd99::2
remote4=10.12.0.101

# The file systems that an agent uses; sysctls that are not of the network namespace stay as they are.
mount_file_systems() {
    mount -t sysfs sysfs /sys
    mount -t bpf bpf /sys/fs/bpf
    local area
    for area in kernel fs vm; do
        mount --bind "/proc/sys/$area" "/proc/sys/$area"
        mount -o remount,ro,bind "/proc/sys/$area"
    done
    mount -t tmpfs tmpfs /run
    mkdir -p /run/netns /run/lock /run/cilium/cgroupv2 /var/lib/cilium
    mount -t cgroup2 cgroup2 /run/cilium/cgroupv2
    mount -t tmpfs tmpfs /var/lib/cilium
    cp -r "$(go env GOMODCACHE)/github.com/cilium/cilium@v$RELEASE/bpf" /var/lib/cilium/bpf
    chmod -R u+w /var/lib/cilium/bpf
    # The names by which the agent calls its programs.
    mkdir -p /run/path
    ln -s "$(type -P clang-19)" /run/path/clang
    ln -s "$(type -P llc-19)" /run/path/llc
    local program
    for program in iptables{,-save,-restore} ip6tables{,-save,-restore}; do
        ln -s "/usr/sbin/${program/tables/tables-legacy}" "/run/path/$program"
    done
    export PATH=/run/path:$PATH:/usr/sbin
}

make_network() {
    ip link set lo up
    ip netns add outside
    ip link add eth0 type veth peer name eth0 netns outside
    ip addr add 192.168.99.1/24 dev eth0
    ip addr add fd99::1/64 dev eth0 nodad
    ip link set eth0 up
    ip route add default via $outside4
    ip -6 route add default via $outside6
    local address
    for address in $outside4/24 192.168.99.3/24 $remote4/32; do
        ip -n outside addr add "$address" dev eth0
    done
    ip -n outside addr add $outside6/64 dev eth0 nodad
    ip -n outside link set eth0 up
    ip -n outside link set lo up
    ip -n outside route add 10.11.0.0/16 via 192.168.99.1
    ip -n outside -6 route add fd00:11::/96 via fd99::1
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

start_etcd() {
    etcd --data-dir "$WORK/etcd" --unsafe-no-fsync \
        --listen-client-urls http://127.0.0.1:4001 --advertise-client-urls http://127.0.0.1:4001 \
        --listen-peer-urls http://127.0.0.1:4002 --initial-advertise-peer-urls http://127.0.0.1:4002 \
        --initial-cluster default=http://127.0.0.1:4002 &>"$WORK/etcd.log" &
    export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=127.0.0.1:4001
    wait_for "etcd" etcdctl endpoint health
}

# A second node and its pod e, as another node's agent would write them.
announce_remote_node() {
    local labels="k8s:app=e;k8s:io.cilium.k8s.policy.cluster=lab;k8s:io.cilium.k8s.policy.serviceaccount=default;"
    labels+="k8s:io.kubernetes.pod.namespace=other;"
    local identity=500000 # in the range of cluster 7
    etcdctl put "cilium/state/identities/v1/id/$identity" "$labels" >/dev/null
    etcdctl put "cilium/state/identities/v1/value/$labels/192.168.99.3" "$identity" >/dev/null
    etcdctl put "cilium/state/ip/v1/default/$remote4" \
        '{"IP":"'$remote4'","Mask":null,"HostIP":"192.168.99.3","ID":'$identity',"Key":0,"Metadata":"cilium-global:lab:node2:7",
          "K8sNamespace":"other","K8sPodName":"e"}' >/dev/null
    etcdctl put cilium/state/nodes/v1/lab/node2 \
        '{"Name":"node2","Cluster":"lab","ClusterID":7,"Source":"kvstore","IPv4AllocCIDR":{"IP":"10.12.0.0","Mask":"//8AAA=="},
          "IPAddresses":[{"Type":"InternalIP","IP":"192.168.99.3"},{"Type":"CiliumInternalIP","IP":"10.12.0.1"}]}' >/dev/null
}

start_agent() {
    "$AGENT" --kvstore=etcd --kvstore-opt=etcd.address=http://127.0.0.1:4001 \
        --enable-k8s=false --identity-allocation-mode=kvstore --cluster-name=lab --cluster-id=7 \
        --ipam=kubernetes --ipv4-range=10.11.0.0/16 --ipv6-range=fd00:11::/96 --enable-ipv6=true \
        --ipv4-node=192.168.99.1 --ipv6-node=fd99::1 --devices=eth0 --routing-mode=native \
        --ipv4-native-routing-cidr=10.11.0.0/16 --ipv6-native-routing-cidr=fd00:11::/96 \
        --enable-ipv4-masquerade=false --enable-ipv6-masquerade=false \
        --kube-proxy-replacement=true --bpf-lb-sock-hostns-only=true --lb-state-file="$here/services.yaml" \
        --cgroup-root=/run/cilium/cgroupv2 --bpf-policy-map-max=4096 \
        --bpf-ct-global-tcp-max=65536 --bpf-ct-global-any-max=65536 \
        --enable-health-checking=false --enable-endpoint-health-checking=false \
        --external-envoy-proxy=true --disable-envoy-version-check=true --static-cnp-path=/run/policies \
        --monitor-aggregation=none --enable-hubble=true --hubble-disable-tls=true \
        --hubble-socket-path=/run/cilium/hubble.sock --hubble-export-file-path="$WORK/hubble.jsonl" \
        &>>"$WORK/agent.log" &
    agent_process=$!
}

agent_is_ready() {
    [[ $(api GET healthz --header brief:true | jq -r .cilium.state) == Ok ]]
}

# A request to the agent's REST API: method, path, options of curl.
api() {
    local method=$1 path=$2
    shift 2
    curl --silent --show-error --fail-with-body --unix-socket /run/cilium/cilium.sock --header Content-Type:application/json \
        --request "$method" "http://localhost/v1/$path" "$@"
}

# Makes a pod as a CNI plugin does: name, last part of its addresses, labels.
make_pod() {
    local name=$1 v4=10.11.0.$2 v6=fd00:11::$2 label labels=()
    shift 2
    for label in "$@" io.kubernetes.pod.namespace=default io.cilium.k8s.policy.cluster=lab \
        io.cilium.k8s.policy.serviceaccount=default; do
        labels+=("k8s:$label")
    done
    ip netns add "$name"
    ip link add "lxc$name" type veth peer name eth0 netns "$name"
    ip link set "lxc$name" up
    ip -n "$name" link set lo up
    ip -n "$name" link set eth0 up
    ip -n "$name" addr add "$v4/32" dev eth0
    ip -n "$name" addr add "$v6/128" dev eth0 nodad
    local router
    for router in $(ip -json addr show cilium_host | jq -r '.[0].addr_info[] | select(.scope != "link").local'); do
        ip -n "$name" route add "$router" dev eth0
        ip -n "$name" route add default via "$router" dev eth0
    done
    api POST "ipam/$v4?owner=default/$name&pool=default" >/dev/null
    api POST "ipam/$v6?owner=default/$name&pool=default" >/dev/null
    jq --null-input --compact-output --arg id "$(container "$name")" --arg name "$name" --arg v4 "$v4" --arg v6 "$v6" \
        --argjson inside "$(ip -n "$name" -json link show eth0)" --argjson outside "$(ip -json link show "lxc$name")" '
        { "container-id": $id, "container-name": $name, "container-interface-name": "eth0",
          "interface-name": $outside[0].ifname, "interface-index": $outside[0].ifindex,
          mac: $inside[0].address, "host-mac": $outside[0].address, addressing: { ipv4: $v4, ipv6: $v6 },
          "k8s-pod-name": $name, "k8s-namespace": "default", labels: $ARGS.positional,
          state: "waiting-for-identity", "sync-build-endpoint": true }' --args "${labels[@]}" |
        api PUT "endpoint/cni-attachment-id:$(container "$name"):eth0" --data @- >/dev/null
}

delete_pod() {
    api DELETE "endpoint/cni-attachment-id:$(container "$1"):eth0" >/dev/null
    ip netns del "$1"
}

# The container id of a pod.
container() {
    sha256sum <<<"$1" | cut -c1-64
}

# Waits until a command succeeds: what it waits for, the command.
wait_for() {
    local what=$1 deadline=$((SECONDS + 120))
    shift
    until "$@" &>/dev/null; do
        ((SECONDS < deadline)) || { echo "waited for $what in vain" >&2 && return 1; }
        sleep 0.1
    done
}
