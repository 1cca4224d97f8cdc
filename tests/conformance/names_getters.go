package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/statedb"

	flowpb "github.com/cilium/cilium/api/v1/flow"
	"github.com/cilium/cilium/api/v1/models"
	cgroups "github.com/cilium/cilium/pkg/cgroups/manager"
	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/fqdn"
	"github.com/cilium/cilium/pkg/hubble/parser/getters"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/ipcache"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/monitor"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/proxy/accesslog"
	"github.com/cilium/cilium/pkg/source"
)

// memory is the agent's memory as Hubble asks for it: what the API lists, changed by what is announced. IP cache, DNS
// caches, services and owners of pods are looked up with Cilium's own code.
type memory struct {
	ipcache    *ipcache.IPCache
	identities map[uint32]labels.Labels
	endpoints  map[uint16]*knownEndpoint
	byAddress  map[netip.Addr]*knownEndpoint
	links      map[int]string
	cgroups    map[uint64]*cgroups.PodMetadata
	services   *statedb.DB
	frontends  statedb.RWTable[*loadbalancer.Frontend]
}

// knownEndpoint is an endpoint of the node.
type knownEndpoint struct {
	id             uint16
	identity       identity.NumericIdentity
	pod, namespace string
	labels         labels.Labels
	owner          *slim_corev1.Pod
	names          *fqdn.DNSCache
}

func newMemory(lists answers) (*memory, error) {
	db := statedb.New()
	frontends, err := loadbalancer.NewFrontendsTable(loadbalancer.DefaultConfig, db)
	if err != nil {
		return nil, err
	}
	m := &memory{
		ipcache:    ipcache.NewIPCache(&ipcache.Configuration{Context: context.Background(), Logger: quiet()}),
		identities: map[uint32]labels.Labels{}, endpoints: map[uint16]*knownEndpoint{}, byAddress: map[netip.Addr]*knownEndpoint{},
		links: map[int]string{}, cgroups: map[uint64]*cgroups.PodMetadata{}, services: db, frontends: frontends,
	}
	return m, errors.Join(
		load(lists, "/v1/identity", func(list []models.Identity) error {
			for _, entry := range list {
				m.identities[uint32(entry.ID)] = labels.NewLabelsFromModel(entry.Labels)
			}
			return nil
		}),
		load(lists, "/v1/ip", m.loadAddresses),
		load(lists, "/v1/endpoint", m.loadEndpoints),
		load(lists, "/v1/service", m.loadServices),
		load(lists, "/v1/cgroup-dump-metadata", m.loadCgroups),
		load(lists, "/v1/fqdn/cache", m.loadLookups),
	)
}

// load decodes an answer with Cilium's own models.
func load[T any](lists answers, path string, take func(T) error) error {
	var list T
	if err := json.Unmarshal(lists[path], &list); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return take(list)
}

func (m *memory) loadAddresses(list []models.IPListEntry) error {
	for _, entry := range list {
		var metadata *ipcache.K8sMetadata
		if entry.Metadata != nil {
			metadata = &ipcache.K8sMetadata{Namespace: entry.Metadata.Namespace, PodName: entry.Metadata.Name}
		}
		if err := m.upsert(*entry.Cidr, uint32(*entry.Identity), net.ParseIP(entry.HostIP), metadata); err != nil {
			return err
		}
	}
	return nil
}

// upsert adds an entry as the agent has it: a pod's under its address, all others under their prefix.
func (m *memory) upsert(cidr string, number uint32, host net.IP, metadata *ipcache.K8sMetadata) error {
	_, err := m.ipcache.Upsert(cacheKey(cidr, metadata != nil), host, 0, metadata, ipcache.Identity{ID: numeric(number), Source: source.CustomResource})
	return err
}

func cacheKey(cidr string, isPod bool) string {
	if isPod {
		return cidr[:strings.IndexByte(cidr, '/')]
	}
	return cidr
}

func (m *memory) loadEndpoints(list []models.Endpoint) error {
	for _, entry := range list {
		status := entry.Status
		known := &knownEndpoint{
			id: uint16(entry.ID), identity: numeric(uint32(status.Identity.ID)), labels: labels.NewLabelsFromModel(status.Identity.Labels),
			pod: status.ExternalIdentifiers.K8sPodName, namespace: status.ExternalIdentifiers.K8sNamespace, names: fqdn.NewDNSCache(0),
		}
		known.owner = ownedPod(known.pod, append(slices.Clone(status.Labels.Derived), status.Labels.SecurityRelevant...))
		m.endpoints[known.id] = known
		if status.Networking.InterfaceIndex != 0 {
			m.links[int(status.Networking.InterfaceIndex)] = status.Networking.InterfaceName
		}
		for _, pair := range status.Networking.Addressing {
			for _, text := range []string{pair.IPv4, pair.IPv6} {
				if address, err := netip.ParseAddr(text); err == nil {
					m.byAddress[address] = known
				}
			}
		}
	}
	return nil
}

func (m *memory) loadServices(list []models.Service) error {
	txn := m.services.WriteTxn(m.frontends)
	defer txn.Commit()
	for _, entry := range list {
		frontend := entry.Spec.FrontendAddress
		address, err := cmtypes.ParseAddrCluster(frontend.IP)
		if err != nil {
			return err
		}
		scope := uint8(loadbalancer.ScopeExternal)
		if frontend.Scope == models.FrontendAddressScopeInternal {
			scope = loadbalancer.ScopeInternal
		}
		protocol := loadbalancer.L4Type(strings.ToUpper(frontend.Protocol))
		params := loadbalancer.FrontendParams{
			Address:     loadbalancer.NewL3n4Addr(protocol, address, frontend.Port, scope),
			ServiceName: loadbalancer.NewServiceName(entry.Spec.Flags.Namespace, entry.Spec.Flags.Name),
		}
		if _, _, err := m.frontends.Insert(txn, &loadbalancer.Frontend{FrontendParams: params}); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) loadCgroups(dump models.CgroupDumpMetadata) error {
	for _, entry := range dump.PodMetadatas {
		for _, container := range entry.Containers {
			m.cgroups[container.CgroupID] = &cgroups.PodMetadata{Name: entry.Name, Namespace: entry.Namespace, IPs: entry.Ips}
		}
	}
	return nil
}

func (m *memory) loadLookups(list []models.DNSLookup) error {
	for _, entry := range list {
		addresses := []netip.Addr(nil)
		for _, text := range entry.Ips {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return err
			}
			addresses = append(addresses, address)
		}
		m.learn(uint16(entry.EndpointID), entry.Fqdn, addresses, time.Time(entry.LookupTime), int(entry.TTL))
	}
	return nil
}

// learn adds names as the DNS proxy does when it has forwarded an answer.
func (m *memory) learn(id uint16, name string, addresses []netip.Addr, at time.Time, ttl int) {
	if known := m.endpoints[id]; known != nil {
		known.names.Update(at, name, addresses, ttl)
	}
}

// observe changes the memory as the event does in the agent.
func (m *memory) observe(event *payload.Payload) error {
	if event.Type != payload.EventSample || len(event.Data) == 0 {
		return nil
	}
	switch event.Data[0] {
	case monitorAPI.MessageTypeAccessLog:
		var record monitor.LogRecordNotify
		if err := record.Decode(event.Data); err != nil {
			return err
		}
		dns := record.DNS
		if dns != nil && record.Type == accesslog.TypeResponse && dns.RCode == 0 && len(dns.IPs) > 0 {
			m.learn(uint16(record.DestinationEndpoint.ID), dns.Query, dns.IPs, eventTime, int(dns.TTL))
		}
		return nil
	case monitorAPI.MessageTypeAgent:
		message, err := agentMessage(event.Data)
		if err != nil {
			return err
		}
		return m.announced(message)
	default:
		return nil
	}
}

func (m *memory) announced(message monitorAPI.AgentNotifyMessage) error {
	switch notice := message.Notification.(type) {
	case monitorAPI.EndpointNotification:
		id := uint16(notice.ID)
		if message.Type == monitorAPI.AgentNotifyEndpointDeleted {
			m.removeEndpoint(id)
			return nil
		}
		m.endpoints[id] = &knownEndpoint{id: id, pod: notice.PodName, namespace: notice.Namespace, names: fqdn.NewDNSCache(0)}
	case monitorAPI.EndpointRegenNotification:
		if known := m.endpoints[uint16(notice.ID)]; known != nil {
			known.labels = labels.NewLabelsFromModel(notice.Labels)
		}
	case monitorAPI.IPCacheNotification:
		return m.announcedAddress(message.Type, notice)
	}
	return nil
}

func (m *memory) removeEndpoint(id uint16) {
	for address, known := range m.byAddress {
		if known.id == id {
			delete(m.byAddress, address)
		}
	}
	delete(m.endpoints, id)
}

func (m *memory) announcedAddress(kind monitorAPI.AgentNotification, notice monitorAPI.IPCacheNotification) error {
	if kind == monitorAPI.AgentNotifyIPCacheDeleted {
		m.ipcache.Delete(cacheKey(notice.CIDR, notice.PodName != ""), source.CustomResource)
		return nil
	}
	var metadata *ipcache.K8sMetadata
	if notice.PodName != "" {
		metadata = &ipcache.K8sMetadata{Namespace: notice.Namespace, PodName: notice.PodName}
	}
	if err := m.upsert(notice.CIDR, notice.Identity, notice.HostIP, metadata); err != nil {
		return err
	}
	prefix := netip.MustParsePrefix(notice.CIDR)
	for _, known := range m.endpoints {
		if notice.HostIP.Equal(ownNode.AsSlice()) && known.pod == notice.PodName && known.namespace == notice.Namespace {
			known.identity = numeric(notice.Identity)
			m.byAddress[prefix.Addr()] = known
		}
	}
	return nil
}

// ownedPod is the pod as Kubernetes has it, with the owner that its labels tell of.
func ownedPod(name string, texts []string) *slim_corev1.Pod {
	if name == "" {
		return nil
	}
	p := &slim_corev1.Pod{ObjectMeta: slim_metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
	for _, text := range texts {
		label := labels.ParseLabel(text)
		p.Labels[label.Key] = label.Value
	}
	kind, ownerName := "", ""
	switch {
	case p.Labels["pod-template-hash"] != "":
		kind, ownerName = "ReplicaSet", name[:strings.LastIndexByte(name, '-')]
	case p.Labels["statefulset.kubernetes.io/pod-name"] != "":
		kind, ownerName = "StatefulSet", name[:strings.LastIndexByte(name, '-')]
	case p.Labels["pod-template-generation"] != "":
		kind, ownerName = "DaemonSet", name[:strings.LastIndexByte(name, '-')]
	case p.Labels["job-name"] != "":
		kind, ownerName = "Job", p.Labels["job-name"]
	}
	if kind != "" {
		isController := true
		p.GenerateName = ownerName + "-"
		p.OwnerReferences = []slim_metav1.OwnerReference{{Kind: kind, Name: ownerName, Controller: &isController}}
	}
	return p
}

func (e *knownEndpoint) GetID() uint64                         { return uint64(e.id) }
func (e *knownEndpoint) GetIdentity() identity.NumericIdentity { return e.identity }
func (e *knownEndpoint) GetK8sPodName() string                 { return e.pod }
func (e *knownEndpoint) GetK8sNamespace() string               { return e.namespace }
func (e *knownEndpoint) GetLabels() labels.Labels              { return e.labels }
func (e *knownEndpoint) GetPod() *slim_corev1.Pod              { return e.owner }
func (e *knownEndpoint) GetPolicyCorrelationInfoForKey(types.Key) (info types.PolicyCorrelationInfo, ok bool) {
	return info, false
}

func (m *memory) GetEndpointInfo(address netip.Addr) (getters.EndpointInfo, bool) {
	known, ok := m.byAddress[address.Unmap()]
	return known, ok
}

func (m *memory) GetEndpointInfoByID(id uint16) (getters.EndpointInfo, bool) {
	known, ok := m.endpoints[id]
	return known, ok
}

// GetIdentity is what LookupIdentityByID (pkg/identity/cache/cache.go) finds.
func (m *memory) GetIdentity(id uint32) (*identity.Identity, error) {
	if numeric(id) == identity.IdentityUnknown {
		return identity.NewIdentity(identity.IdentityUnknown, labels.NewLabelsFromModel([]string{"reserved:unknown"})), nil
	}
	if known, ok := m.identities[id]; ok {
		return identity.NewIdentity(numeric(id), known), nil
	}
	if reserved := identity.LookupReservedIdentity(numeric(id)); reserved != nil {
		return reserved, nil
	}
	return nil, fmt.Errorf("identity %d not found", id)
}

// GetNamesOf is payloadGetters.GetNamesOf (pkg/hubble/parser/cell/cell.go).
func (m *memory) GetNamesOf(id uint32, address netip.Addr) []string {
	known := m.endpoints[uint16(id)]
	if known == nil || !address.IsValid() {
		return nil
	}
	names := known.names.LookupIP(address)
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".")
	}
	return names
}

// GetServiceByAddr is payloadGetters.GetServiceByAddr.
func (m *memory) GetServiceByAddr(address netip.Addr, port uint16) *flowpb.Service {
	if !address.IsValid() {
		return nil
	}
	txn, target := m.services.ReadTxn(), cmtypes.AddrClusterFrom(address, 0)
	for _, protocol := range []loadbalancer.L4Type{loadbalancer.TCP, loadbalancer.UDP} {
		if found, ok := loadbalancer.LookupFrontendByTuple(txn, m.frontends, target, protocol, port, loadbalancer.ScopeExternal); ok {
			return &flowpb.Service{Namespace: found.ServiceName.Namespace(), Name: found.ServiceName.Name()}
		}
	}
	return nil
}

func (m *memory) GetIfNameCached(index int) (string, bool) {
	name, ok := m.links[index]
	return name, ok
}

func (m *memory) Name(index uint32) string {
	if name, ok := m.links[int(index)]; ok {
		return name
	}
	return strconv.Itoa(int(index))
}

func (m *memory) GetPodMetadataForContainer(id uint64) *cgroups.PodMetadata { return m.cgroups[id] }
