# The objects of the cluster. Sourced by run.

# pod NAME NODE GENERATE_NAME OWNER_KIND OWNER_NAME [LABELS]: a pod of the namespace shop.
pod() {
    local generated="" owners=""
    if [[ -n $3 ]]; then generated="generateName: $3"; fi
    if [[ -n $4 ]]; then
        owners="ownerReferences: [{apiVersion: v1, kind: $4, name: $5, uid: $4-$5, controller: true}]"
    fi
    create /api/v1/namespaces/shop/pods <<END
apiVersion: v1
kind: Pod
metadata:
  name: $1
  namespace: shop
  labels: {app: test${6:+, $6}}
  ${generated}
  ${owners}
spec:
  nodeName: $2
  containers: [{name: main, image: example.org/image:1}]
END
}

delete_pod() {
    api DELETE "/api/v1/namespaces/shop/pods/$1?gracePeriodSeconds=0" >"$work/answer"
}

# change_labels NODE LABELS
change_labels() {
    echo "{\"metadata\": {\"labels\": $2}}" >"$work/object"
    type=application/merge-patch+json api PATCH "/api/v1/nodes/$1" "$work/object" >"$work/answer"
}

# node NAME ADDRESS
node() {
    create /api/v1/nodes <<END
apiVersion: v1
kind: Node
metadata: {name: $1, labels: {kubernetes.io/hostname: $1, topology.kubernetes.io/zone: zone-1}}
status: {addresses: [{type: InternalIP, address: $2}, {type: Hostname, address: $1}]}
END
}

# service NAME SPEC
service() {
    create /api/v1/namespaces/shop/services <<END
apiVersion: v1
kind: Service
metadata: {name: $1, namespace: shop}
spec: $2
END
}

# The role, and its binding, of docs/kubernetes.md.
create_role() {
    awk '/^```yaml$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/docs/kubernetes.md" >"$work/rbac.yaml"
    awk -v work="$work" 'BEGIN { part = 1 } /^---$/ { part++; next } { print > (work "/rbac." part) }' "$work/rbac.yaml"
    local rbac=/apis/rbac.authorization.k8s.io/v1
    create "$rbac/clusterroles" <"$work/rbac.1"
    create "$rbac/clusterrolebindings" <"$work/rbac.2"
}

create_objects() {
    create /api/v1/namespaces <<<'{apiVersion: v1, kind: Namespace, metadata: {name: shop}}'
    node node-a 192.0.2.7
    node node-b 192.0.2.8
    pod web-5d89-a node-a web-5d89- ReplicaSet web-5d89 "pod-template-hash: 5d89"
    pod old-x node-a old- ReplicaSet old
    pod db-0 node-a db- StatefulSet db
    pod agent-q node-a agent- DaemonSet agent "controller-revision-hash: c0de"
    pod backup-28912345-z node-a backup-28912345- Job backup-28912345
    pod import-z node-a import- Job import
    pod config-1-z node-a config-1- ReplicationController config-1 "deploymentconfig: config"
    pod rollout-7f-z node-a rollout-7f- Rollout rollout "pod-template-hash: 7f"
    pod kube-proxy-node-a node-a "" Node node-a
    pod bare node-a "" ""
    pod elsewhere-z node-b elsewhere- DaemonSet elsewhere
    service web '{clusterIP: 10.96.0.7, ports: [{name: http, port: 80}, {name: dns, port: 53, protocol: UDP}]}'
    service door '{type: NodePort, clusterIP: 10.96.0.8, ports: [{port: 80, nodePort: 30080}]}'
    service balanced '{type: LoadBalancer, clusterIP: 10.96.0.9, externalIPs: [203.0.113.1],
        allocateLoadBalancerNodePorts: false, ports: [{port: 443}]}'
    service headless '{clusterIP: None, ports: [{port: 80}]}'
    service outside '{type: ExternalName, externalName: example.org}'
    cat >"$work/object" <<<'{"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.8"}]}}}'
    type=application/merge-patch+json api PATCH /api/v1/namespaces/shop/services/balanced/status "$work/object" \
        >"$work/answer"
}

# more_pods NUMBER: pods of node-b, which node-a must not read.
more_pods() {
    local n
    for ((n = 0; n < $1; n++)); do
        pod "many-$n" node-b many- DaemonSet many
    done
}
