package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/go-openapi/strfmt"

	"github.com/cilium/cilium/api/v1/models"
)

// answers are the bodies of the agent's API by path.
type answers map[string]json.RawMessage

func readAnswers(name string) (lists answers, err error) {
	encoded, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return lists, json.Unmarshal(encoded, &lists)
}

// identity is the answer about one of the listed identities.
func (a answers) identity(number string) (body json.RawMessage, found bool) {
	var identities []json.RawMessage
	if err := json.Unmarshal(a["/v1/identity"], &identities); err != nil {
		return nil, false
	}
	for _, body := range identities {
		var entry models.Identity
		if json.Unmarshal(body, &entry) == nil && fmt.Sprint(entry.ID) == number {
			return body, true
		}
	}
	return nil, false
}

// Endpoints of the node itself.
const (
	hostEndpoint    = 11
	healthEndpoint  = 12
	ingressEndpoint = 13
)

var (
	healthAddress  = netip.MustParseAddr("10.1.255.2")
	ingressAddress = netip.MustParseAddr("10.1.255.3")
)

// Times of DNS lookups, which the lists of a recording still have years later.
var (
	lookedUp = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	lookups  = 100 * 365 * 24 * time.Hour
)

// answers lists the world in the shapes of Cilium's own models.
func (w *world) answers() (answers, error) {
	bodies := map[string]any{
		"/v1/healthz": &models.StatusResponse{
			Cilium: &models.Status{Msg: "1.19.4 (v1.19.4-conformance)", State: models.StatusStateOk},
		},
		"/v1/identity":             w.identityModels(),
		"/v1/ip":                   w.addressModels(),
		"/v1/endpoint":             w.endpointModels(),
		"/v1/service":              w.serviceModels(),
		"/v1/cgroup-dump-metadata": w.cgroupModels(),
		"/v1/fqdn/cache":           w.lookupModels(),
		"/v1/cluster/nodes":        nodeModels(),
	}
	lists := answers{}
	for path, body := range bodies {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		lists[path] = encoded
	}
	return lists, nil
}

func (w *world) identityModels() (identities []*models.Identity) {
	labels := map[uint32][]string{
		2: {"reserved:world"}, 3: {"reserved:unmanaged"}, 4: {"reserved:health"}, 5: {"reserved:init"}, 8: {"reserved:ingress"},
	}
	for _, a := range w.apps {
		labels[a.identity] = a.labels
	}
	for _, o := range w.outside {
		labels[o.identity] = o.labels
	}
	for _, number := range slices.Sorted(maps.Keys(labels)) {
		identities = append(identities, &models.Identity{ID: int64(number), Labels: labels[number]})
	}
	return identities
}

func (w *world) addressModels() (entries []*models.IPListEntry) {
	add := func(prefix netip.Prefix, identity uint32, node netip.Addr, metadata *models.IPListEntryMetadata) {
		cidr, number := prefix.String(), int64(identity)
		entry := &models.IPListEntry{Cidr: &cidr, Identity: &number, Metadata: metadata}
		if node.IsValid() {
			entry.HostIP = node.String()
		}
		entries = append(entries, entry)
	}
	for _, p := range w.pods {
		for _, address := range p.addresses {
			metadata := &models.IPListEntryMetadata{Namespace: p.app.namespace, Name: p.name, Source: "custom-resource"}
			add(single(address), p.app.identity, p.node, metadata)
		}
	}
	for _, o := range w.outside {
		add(o.prefix, o.identity, o.node, nil)
	}
	add(single(healthAddress), 4, ownNode, nil)
	add(single(ingressAddress), 8, ownNode, nil)
	return entries
}

func single(address netip.Addr) netip.Prefix { return netip.PrefixFrom(address, address.BitLen()) }

func (w *world) endpointModels() (endpoints []*models.Endpoint) {
	for _, p := range w.pods {
		if p.isLocal() {
			endpoints = append(endpoints, p.model())
		}
	}
	special := func(id int64, identity int64, index int64, name string, labels []string, addresses ...netip.Addr) {
		endpoints = append(endpoints, endpointModel(id, identity, index, name, labels, nil, addresses))
	}
	special(hostEndpoint, 1, 4, "cilium_host", []string{"k8s:node=a", "reserved:host"})
	special(healthEndpoint, 4, 6, "lxc_health", []string{"reserved:health"}, healthAddress)
	special(ingressEndpoint, 8, 0, "", []string{"reserved:ingress"}, ingressAddress)
	return endpoints
}

func (p *pod) model() *models.Endpoint {
	derived := []string(nil)
	for _, key := range slices.Sorted(maps.Keys(p.ownerLabels)) {
		derived = append(derived, "k8s:"+key+"="+p.ownerLabels[key])
	}
	model := endpointModel(int64(p.endpoint), int64(p.app.identity), int64(p.link), p.interfaceName(), p.app.labels, derived, p.addresses)
	model.Status.ExternalIdentifiers = &models.EndpointIdentifiers{
		K8sNamespace: p.app.namespace, K8sPodName: p.name, PodName: p.app.namespace + "/" + p.name,
	}
	return model
}

func (p *pod) interfaceName() string { return fmt.Sprintf("lxc%x", 0xa0000+int(p.endpoint)) }

func endpointModel(id, identity, index int64, name string, labels, derived []string, addresses []netip.Addr) *models.Endpoint {
	pair := &models.AddressPair{}
	for _, address := range addresses {
		if address.Is4() {
			pair.IPv4 = address.String()
		} else {
			pair.IPv6 = address.String()
		}
	}
	return &models.Endpoint{ID: id, Status: &models.EndpointStatus{
		ExternalIdentifiers: &models.EndpointIdentifiers{},
		Identity:            &models.Identity{ID: identity, Labels: labels},
		Labels:              &models.LabelConfigurationStatus{SecurityRelevant: labels, Derived: derived},
		Networking:          &models.EndpointNetworking{Addressing: []*models.AddressPair{pair}, InterfaceIndex: index, InterfaceName: name},
		State:               models.EndpointStateReady.Pointer(),
	}}
}

func (w *world) serviceModels() (services []*models.Service) {
	for number, s := range w.services {
		spec := &models.ServiceSpec{
			ID:              int64(number + 1),
			FrontendAddress: &models.FrontendAddress{IP: s.address.String(), Port: s.port, Protocol: s.protocol, Scope: s.scope},
			Flags:           &models.ServiceSpecFlags{Name: s.name, Namespace: s.namespace, Type: s.kind},
		}
		services = append(services, &models.Service{Spec: spec, Status: &models.ServiceStatus{Realized: spec}})
	}
	return services
}

func (w *world) cgroupModels() *models.CgroupDumpMetadata {
	dump := &models.CgroupDumpMetadata{}
	for _, p := range w.pods {
		if !p.isLocal() {
			continue
		}
		metadata := &models.CgroupPodMetadata{Name: p.name, Namespace: p.app.namespace}
		for _, address := range p.addresses {
			metadata.Ips = append(metadata.Ips, address.String())
		}
		for _, id := range p.cgroups {
			metadata.Containers = append(metadata.Containers, &models.CgroupContainerMetadata{CgroupID: id, CgroupPath: "/pod"})
		}
		dump.PodMetadatas = append(dump.PodMetadatas, metadata)
	}
	return dump
}

// lookupModels are what some pods have looked up: names of outside addresses, and of pods.
func (w *world) lookupModels() (entries []*models.DNSLookup) {
	for _, p := range w.pods {
		if !p.isLocal() || w.percent(50) {
			continue
		}
		for range 1 + w.IntN(3) {
			entries = append(entries, &models.DNSLookup{
				EndpointID: int64(p.endpoint), Fqdn: one(w.generator, dnsNames...), Ips: w.resolved(p.endpoint), Source: "lookup",
				LookupTime: strfmt.DateTime(lookedUp), TTL: int64(lookups.Seconds()),
				ExpirationTime: strfmt.DateTime(lookedUp.Add(lookups)),
			})
		}
	}
	return entries
}

// resolved are addresses of an answer to an endpoint.
func (w *world) resolved(endpoint uint16) (addresses []string) {
	for range 1 + w.IntN(3) {
		named := w.side(w.percent(30))
		w.named[endpoint] = append(w.named[endpoint], named)
		addresses = append(addresses, named.address.String())
	}
	return addresses
}

func nodeModels() *models.ClusterNodeStatus {
	node := func(name string, v4, v6 netip.Addr, secondary ...string) *models.NodeElement {
		element := &models.NodeElement{Name: name, PrimaryAddress: &models.NodeAddressing{
			IPv4: &models.NodeAddressingElement{Enabled: true, IP: v4.String()},
			IPv6: &models.NodeAddressingElement{Enabled: true, IP: v6.String()},
		}}
		for _, address := range secondary {
			element.SecondaryAddresses = append(element.SecondaryAddresses,
				&models.NodeAddressingElement{AddressType: "CiliumInternalIP", IP: address})
		}
		return element
	}
	return &models.ClusterNodeStatus{Self: nodeName, NodesAdded: []*models.NodeElement{
		node(nodeName, ownNode, ownNode6, "10.1.255.1"), node("node-b", otherNodes[0], otherNode6),
	}}
}
