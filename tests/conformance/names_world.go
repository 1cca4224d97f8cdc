package main

import (
	"fmt"
	"net/netip"
	"slices"
)

// world is the cluster of an agent: what its API lists, and what its announcements change.
type world struct {
	*generator
	apps []*app
	pods []*pod
	// Pods that have ended; packets of them still come.
	ended    []*pod
	outside  []*outside
	services []service
	started  int
	// Whether no DNS query is answered.
	silent bool
	// What DNS answers have named for an endpoint.
	named map[uint16][]side
}

// app is what pods of one owner share.
type app struct {
	namespace, name string
	owner           owner
	identity        uint32
	labels          []string
	// Another cluster's pods run on none of this one's nodes.
	cluster string
}

// owner is the controller that creates an application's pods, as their owner reference names it.
type owner struct {
	kind string
	// Whether the owner is itself created by another, so that its name ends with a hash or a time.
	template string
}

// pod is one of an application's pods.
type pod struct {
	app       *app
	name      string
	ownerName string
	// Labels that the owner gives it, beside those of its identity.
	ownerLabels map[string]string
	addresses   []netip.Addr
	node        netip.Addr
	// The endpoint on this node; 0 elsewhere.
	endpoint uint16
	link     int
	cgroups  []uint64
}

// outside is a prefix that has an identity and is no pod's.
type outside struct {
	about    string
	prefix   netip.Prefix
	identity uint32
	labels   []string
	node     netip.Addr
}

// service is a frontend.
type service struct {
	namespace, name, kind, scope, protocol string
	address                                netip.Addr
	port                                   uint16
}

var (
	ownNode     = netip.MustParseAddr("172.18.0.2")
	ownNode6    = netip.MustParseAddr("fc00::2")
	otherNodes  = []netip.Addr{netip.MustParseAddr("172.18.0.3"), netip.MustParseAddr("172.18.0.4")}
	otherNode6  = netip.MustParseAddr("fc00::3")
	remoteEast  = netip.MustParseAddr("172.19.0.2")
	owners      = []owner{{"ReplicaSet", "deployment"}, {"StatefulSet", ""}, {"DaemonSet", ""}, {"Job", ""}, {"Job", "cronjob"}, {"", ""}}
	namespaces  = []string{"shop", "payments", "data"}
	dnsNames    = []string{"api.example.com.", "www.example.org.", "cdn.example.net.", "a.b.c.example.com.", "x.example."}
	otherLabels = []string{"k8s:tier=web", "k8s:app.kubernetes.io/part-of=all", "container:image=a", "k8s:empty"}
)

const (
	firstIdentity = 20_000
	eastIdentity  = 2<<16 + 300
	cidrIdentity  = 1<<24 + 1
	nodeIdentity  = 2<<24 + 1
	// unlisted is an identity that the API does not have.
	unlisted = 59_000
)

func newWorld(seed uint64, podCount int) *world {
	w := &world{generator: newGenerator(seed), named: map[uint16][]side{}}
	for i := range 18 {
		w.apps = append(w.apps, w.newApp(i, "default"))
	}
	for i := range 4 {
		w.apps = append(w.apps, w.newApp(100+i, "east"))
	}
	for range podCount {
		w.pods = append(w.pods, w.newPod(one(w.generator, w.apps...)))
	}
	w.outside = w.allOutside()
	w.services = w.allServices()
	return w
}

func (w *world) newApp(number int, cluster string) *app {
	a := &app{
		namespace: namespaces[number%len(namespaces)], name: fmt.Sprintf("app-%d", number), cluster: cluster,
		owner: owners[number%len(owners)], identity: firstIdentity + uint32(number),
	}
	if cluster != "default" {
		a.identity = eastIdentity + uint32(number)
	}
	a.labels = []string{
		"k8s:app=" + a.name,
		"k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=" + a.namespace,
		"k8s:io.cilium.k8s.policy.cluster=" + cluster,
		"k8s:io.cilium.k8s.policy.serviceaccount=default",
		"k8s:io.kubernetes.pod.namespace=" + a.namespace,
	}
	if w.percent(40) {
		a.labels = append(a.labels, one(w.generator, otherLabels...))
	}
	if a.owner.kind == "Job" {
		a.labels = append(a.labels, "k8s:job-name="+w.jobName(a))
	}
	slices.Sort(a.labels)
	return a
}

// jobName is the name of the one job that an application has had.
func (w *world) jobName(a *app) string {
	if a.owner.template == "cronjob" {
		return fmt.Sprintf("%s-%d", a.name, 29_000_000+a.identity)
	}
	return a.name
}

// newPod starts a pod, on this node as often as elsewhere.
func (w *world) newPod(a *app) *pod {
	w.started++
	number := w.started
	p := &pod{app: a, ownerLabels: map[string]string{}, node: one(w.generator, otherNodes...)}
	suffix := fmt.Sprintf("%05x", 0xabc00+number)
	switch {
	case a.owner.template == "deployment":
		p.ownerLabels["pod-template-hash"] = "7d9f6c5b8"
		p.ownerName = a.name + "-7d9f6c5b8"
		p.name = p.ownerName + "-" + suffix
	case a.owner.kind == "StatefulSet":
		p.ownerName, p.name = a.name, fmt.Sprintf("%s-%d", a.name, number)
		p.ownerLabels["statefulset.kubernetes.io/pod-name"] = p.name
		p.ownerLabels["controller-revision-hash"] = a.name + "-5c67f8d9b4"
	case a.owner.kind == "DaemonSet":
		p.ownerName, p.name = a.name, a.name+"-"+suffix
		p.ownerLabels["controller-revision-hash"] = "5c67f8d9b4"
		p.ownerLabels["pod-template-generation"] = "3"
	case a.owner.kind == "Job":
		p.ownerName = w.jobName(a)
		p.name = p.ownerName + "-" + suffix
	default:
		p.name = fmt.Sprintf("%s-bare-%d", a.name, number)
	}
	isLocal := a.cluster == "default" && w.percent(45)
	third := byte(2)
	switch {
	case isLocal:
		third = 1
		p.node = ownNode
		p.endpoint = 100 + uint16(number)
		p.link = 10 + 2*number
		p.cgroups = []uint64{9000 + 3*uint64(number), 9001 + 3*uint64(number)}
	case a.cluster != "default":
		third = 8
		p.node = remoteEast
	}
	v4 := netip.AddrFrom4([4]byte{10, third, byte(number >> 8), byte(number)})
	v6 := netip.AddrFrom16([16]byte{0xfd, 0, 0, 0x10, 0, 0, 0, third, 14: byte(number >> 8), 15: byte(number)})
	p.addresses = one(w.generator, []netip.Addr{v4, v6}, []netip.Addr{v4, v6}, []netip.Addr{v4}, []netip.Addr{v6})
	return p
}

func (p *pod) isLocal() bool { return p.endpoint != 0 }

// address is one of the pod's addresses, of the wanted family if it has one.
func (p *pod) address(v6 bool) netip.Addr {
	for _, address := range p.addresses {
		if address.Is6() == v6 {
			return address
		}
	}
	return p.addresses[0]
}

func (w *world) allOutside() []*outside {
	prefix := netip.MustParsePrefix
	cidr := func(number uint32, text string, labels ...string) *outside {
		return &outside{"CIDR", prefix(text), cidrIdentity + number, append(labels, "reserved:world"), netip.Addr{}}
	}
	fqdn := func(number uint32, text string, labels ...string) *outside {
		return &outside{"FQDN", prefix(text), cidrIdentity + number, append(labels, "reserved:world"), netip.Addr{}}
	}
	node := func(text string, identity uint32, node netip.Addr, labels ...string) *outside {
		return &outside{"node", prefix(text), identity, labels, node}
	}
	return []*outside{
		{"world", prefix("0.0.0.0/0"), 9, []string{"reserved:world-ipv4"}, netip.Addr{}},
		{"world", prefix("::/0"), 10, []string{"reserved:world-ipv6"}, netip.Addr{}},
		cidr(1, "203.0.113.0/24", "cidr:0.0.0.0/0", "cidr:203.0.0.0/8", "cidr:203.0.113.0/24"),
		cidr(2, "203.0.113.64/26", "cidr:203.0.113.0/24", "cidr:203.0.113.64/26"),
		cidr(3, "198.51.100.0/25", "cidr:198.51.100.0/25"),
		cidr(4, "2001:db8::/32", "cidr:2001-db8--0/32"),
		cidr(5, "2001:db8:0:1::/64", "cidr:2001-db8--0/32", "cidr:2001-db8-0-1--0/64", "cidrgroup:partners"),
		cidr(6, "192.0.2.7/32", "cidr:192.0.2.7/32"),
		cidr(7, "192.0.2.9/32", "cidr:192.0.2.9/32", "reserved:kube-apiserver"),
		fqdn(20, "198.51.100.200/32", "fqdn:api.example.com"),
		fqdn(20, "198.51.100.201/32", "fqdn:api.example.com"),
		fqdn(21, "198.51.100.202/32", "fqdn:*.example.org", "fqdn:www.example.org"),
		fqdn(21, "2001:db8:ff::202/128", "fqdn:*.example.org", "fqdn:www.example.org"),
		fqdn(22, "203.0.113.70/32", "fqdn:cdn.example.net", "cidr:203.0.113.70/32"),
		node("172.18.0.2/32", 1, netip.Addr{}, "k8s:node=a", "reserved:host"),
		node("10.1.255.1/32", 1, ownNode, "k8s:node=a", "reserved:host"),
		node("fc00::2/128", 1, netip.Addr{}, "k8s:node=a", "reserved:host"),
		node("172.18.0.3/32", 6, netip.Addr{}, "reserved:remote-node"),
		node("fc00::3/128", 6, netip.Addr{}, "reserved:remote-node"),
		node("172.18.0.4/32", 7, netip.Addr{}, "reserved:kube-apiserver", "reserved:remote-node"),
		node("172.18.0.5/32", nodeIdentity, netip.Addr{}, "k8s:zone=b", "reserved:remote-node"),
		node("10.2.255.2/32", 4, otherNodes[0], "reserved:health"),
	}
}

func (w *world) allServices() (services []service) {
	add := func(s service, address string) {
		s.address = netip.MustParseAddr(address)
		services = append(services, s)
	}
	for i, a := range w.apps[:8] {
		s := service{namespace: a.namespace, name: a.name, kind: "ClusterIP", scope: "external", protocol: "TCP", port: 8000 + uint16(i)}
		add(s, fmt.Sprintf("10.96.0.%d", 10+i))
		add(s, fmt.Sprintf("fd00:10:96::%d", 10+i))
	}
	dns := service{namespace: "kube-system", name: "kube-dns", kind: "ClusterIP", scope: "external", protocol: "UDP", port: 53}
	add(dns, "10.96.0.100")
	dns.protocol = "TCP"
	add(dns, "10.96.0.100")
	// Of two services on one address and port, TCP's is found for either protocol.
	both := service{namespace: "shop", name: "udp-only", kind: "ClusterIP", scope: "external", protocol: "UDP", port: 9000}
	add(both, "10.96.0.101")
	both.name, both.protocol = "tcp-only", "TCP"
	add(both, "10.96.0.101")
	stream := service{namespace: "shop", name: "sctp", kind: "ClusterIP", scope: "external", protocol: "SCTP", port: 3868}
	add(stream, "10.96.0.102")
	nodePort := service{namespace: "shop", name: "app-0", kind: "NodePort", scope: "external", protocol: "TCP", port: 30080}
	add(nodePort, "172.18.0.2")
	add(nodePort, "0.0.0.0")
	balancer := service{namespace: "shop", name: "edge", kind: "LoadBalancer", scope: "internal", protocol: "TCP", port: 443}
	add(balancer, "198.51.100.80")
	balancer.scope = "external"
	add(balancer, "198.51.100.81")
	// A pod's own address and port as a frontend.
	add(service{namespace: "shop", name: "redirect", kind: "LocalRedirect", scope: "external", protocol: "TCP", port: 8000}, w.pods[0].addresses[0].String())
	return services
}
