package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
	"github.com/cilium/cilium/pkg/proxy/accesslog"
)

// runNamesGen writes what an agent's API lists, and a stream of its traffic and announcements.
func runNamesGen(args []string) error {
	var stream, api, situations string
	var count, pods int
	var seed uint64
	if err := flags("names-gen", args, func(set *flag.FlagSet) {
		set.StringVar(&stream, "out", "", "stream file")
		set.StringVar(&api, "api", "", "file for the answers of the API")
		set.StringVar(&situations, "situations", "", "file for what the sides of each event are")
		set.IntVar(&count, "events", 50_000, "number of events")
		set.IntVar(&pods, "pods", 200, "number of pods that run before the stream")
		set.Uint64Var(&seed, "seed", 1, "seed; the same seed gives the same stream")
	}); err != nil {
		return err
	}
	w := newWorld(seed, pods)
	lists, err := w.answers()
	if err != nil {
		return err
	}
	encoded, err := json.MarshalIndent(lists, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(api, append(encoded, '\n'), 0o644); err != nil {
		return err
	}
	events := w.traffic(count)
	file, err := os.Create(stream)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	payloads := make([]payload.Payload, len(events))
	about := []byte(nil)
	for i, event := range events {
		payloads[i] = event.payload
		about = append(append(about, event.situation...), '\n')
	}
	if err := os.WriteFile(situations, about, 0o644); err != nil {
		return err
	}
	if err := writeStream(out, payloads); err != nil {
		return err
	}
	return out.Flush()
}

// situated is an event and what its sides are.
type situated struct {
	payload   payload.Payload
	situation string
}

func (w *world) traffic(count int) (events []situated) {
	for len(events) < count {
		events = append(events, w.next()...)
	}
	return events[:count]
}

// next is one event, or the announcements of a change.
func (w *world) next() []situated {
	switch w.weighted(400, 120, 150, 40, 120, 80, 30, 20, 10) {
	case 0:
		return []situated{w.namedTrace()}
	case 1:
		return []situated{w.namedDrop()}
	case 2:
		return []situated{w.namedVerdict()}
	case 3:
		return []situated{w.namedCapture()}
	case 4:
		return []situated{w.namedRecord()}
	case 5:
		return []situated{w.namedSock()}
	case 6:
		return []situated{w.namedDebug()}
	case 7:
		return w.change()
	default:
		lost := payload.Payload{Type: payload.RecordLost, CPU: w.IntN(4), Lost: uint64(w.IntN(100))}
		return []situated{{lost, "lost"}}
	}
}

// side is one end of a flow.
type side struct {
	about    string
	address  netip.Addr
	endpoint uint16
	identity uint32
	labels   []string
	port     uint16
}

// side draws an end of a flow, of the wanted family if it can.
func (w *world) side(v6 bool) side {
	switch w.weighted(34, 26, 8, 6, 9, 9, 5, 3) {
	case 0:
		return w.podSide(v6, (*pod).isLocal)
	case 1:
		return w.podSide(v6, func(p *pod) bool { return !p.isLocal() })
	case 2:
		if len(w.ended) > 0 {
			p := one(w.generator, w.ended...)
			return side{about: "ended pod", address: p.address(v6), identity: p.app.identity, labels: p.app.labels, port: 8000}
		}
		return w.podSide(v6, (*pod).isLocal)
	case 3:
		return w.nodeSide(v6)
	case 4:
		return w.outsideSide(v6)
	case 5:
		return w.serviceSide(v6)
	case 6:
		return side{about: "world", address: w.worldAddress(v6), identity: one(w.generator, uint32(2), 9, 10), port: 443}
	default:
		return one(w.generator,
			side{about: "health", address: healthAddress, endpoint: healthEndpoint, identity: 4, labels: []string{"reserved:health"}, port: 4240},
			side{about: "ingress", address: ingressAddress, endpoint: ingressEndpoint, identity: 8, labels: []string{"reserved:ingress"}, port: 80})
	}
}

func (w *world) podSide(v6 bool, wanted func(*pod) bool) side {
	for {
		p := one(w.generator, w.pods...)
		if !wanted(p) {
			continue
		}
		about := "local pod"
		switch {
		case p.app.cluster != "default":
			about = "pod of another cluster"
		case !p.isLocal():
			about = "remote pod"
		}
		return side{about, p.address(v6), p.endpoint, p.app.identity, p.app.labels, one(w.generator, uint16(8000), 53, 9000, 0)}
	}
}

func (w *world) nodeSide(v6 bool) side {
	o := w.outsideOf(v6, func(o *outside) bool { return o.about == "node" })
	return side{about: "node", address: o.prefix.Addr(), identity: o.identity, labels: o.labels, port: one(w.generator, uint16(30080), 6443)}
}

func (w *world) outsideSide(v6 bool) side {
	o := w.outsideOf(v6, func(o *outside) bool { return o.about == "CIDR" || o.about == "FQDN" })
	return side{about: o.about, address: w.within(o.prefix), identity: o.identity, labels: o.labels, port: 443}
}

func (w *world) outsideOf(v6 bool, wanted func(*outside) bool) *outside {
	for {
		if o := one(w.generator, w.outside...); wanted(o) && o.prefix.Addr().Is6() == v6 {
			return o
		}
	}
}

// within is an address of a prefix: near its beginning, so that it comes again.
func (w *world) within(prefix netip.Prefix) netip.Addr {
	address := prefix.Addr()
	for range w.IntN(6) {
		if next := address.Next(); prefix.Contains(next) {
			address = next
		}
	}
	return address
}

func (w *world) serviceSide(v6 bool) side {
	for {
		if s := one(w.generator, w.services...); s.address.Is6() == v6 && !s.address.IsUnspecified() {
			port := s.port
			if w.percent(10) {
				port++
			}
			return side{about: "service", address: s.address, identity: 0, port: port}
		}
	}
}

func (w *world) worldAddress(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0x26, 0x06, 15: byte(w.IntN(40))})
	}
	return netip.AddrFrom4([4]byte{93, 184, 216, byte(w.IntN(40))})
}

// sides are two ends of one family, and their situation.
func (w *world) sides() (from, to side, situation string) {
	v6 := w.percent(35)
	from, to = w.side(v6), w.side(v6)
	if named := w.named[from.endpoint]; len(named) > 0 && w.percent(30) {
		// The pod connects to what it has looked up.
		to = one(w.generator, named...)
		for from.address.Is6() != to.address.Is6() {
			from, to = w.side(v6), w.side(v6)
		}
		if w.percent(40) {
			from, to = to, from
		}
		return from, to, from.about + " to " + to.about
	}
	for from.address.Is6() != to.address.Is6() {
		to = w.side(from.address.Is6())
		if to.address.Is6() != from.address.Is6() {
			from = w.side(v6)
		}
	}
	return from, to, from.about + " to " + to.about
}

// identityOf is the identity that the datapath reports: mostly the side's, sometimes none, a stale or an unknown one.
func (w *world) identityOf(s side) uint32 {
	switch w.weighted(60, 22, 12, 6) {
	case 0:
		return s.identity
	case 1:
		return 0
	case 2:
		return one(w.generator, w.apps...).identity
	default:
		return unlisted
	}
}

func (w *world) namedTrace() situated {
	from, to, situation := w.sides()
	h := newHeader(56, monitorAPI.MessageTypeTrace, byte(w.IntN(14)))
	h.bytes[offsetVersion] = 2
	h.u16(2, one(w.generator, from.endpoint, to.endpoint, from.endpoint, hostEndpoint, 0))
	h.u32(offsetMark, w.identityOf(from))
	h.u32(20, w.identityOf(to))
	h.u16(24, to.endpoint)
	h.bytes[26] = byte(w.IntN(7)) | one(w.generator, byte(0), 0, 0, 0x80)
	h.u32(28, w.linkIndex())
	shown := from
	if w.percent(12) {
		// Masqueraded: the packet has the node's address.
		original := from.address.AsSlice()
		copy(h.bytes[32:], original)
		shown.address = ownNode
		if from.address.Is6() {
			shown.address = ownNode6
		}
		situation += ", masqueraded"
	}
	return w.packetEvent(h, shown, to, situation)
}

func (w *world) namedDrop() situated {
	from, to, situation := w.sides()
	h := newHeader(48, monitorAPI.MessageTypeDrop, one(w.generator, byte(130), 133, 181, 144, 169))
	h.bytes[offsetVersion] = 3
	h.u16(2, one(w.generator, from.endpoint, to.endpoint, hostEndpoint, 0))
	h.u32(offsetMark, w.identityOf(from))
	h.u32(20, w.identityOf(to))
	h.u32(24, uint32(to.endpoint))
	h.u16(28, 700)
	h.bytes[30] = byte(2 + w.IntN(3))
	return w.packetEvent(h, from, to, situation)
}

func (w *world) namedVerdict() situated {
	from, to, situation := w.sides()
	h := newHeader(40, monitorAPI.MessageTypePolicyVerdict, 0)
	h.bytes[offsetVersion] = 1
	local, remote, flags := to, from, byte(1)
	if w.percent(50) {
		local, remote, flags = from, to, 2
	}
	h.u16(2, local.endpoint)
	h.u32(offsetMark, w.identityOf(remote))
	h.u32(20, uint32(one(w.generator, int32(0), 0, 15001, -133)))
	h.u16(24, to.port)
	h.bytes[26] = 6
	h.bytes[27] = flags | byte(w.IntN(5))<<3
	if from.address.Is6() {
		h.bytes[27] |= 0x04
	}
	return w.packetEvent(h, from, to, situation)
}

func (w *world) namedCapture() situated {
	from, to, situation := w.sides()
	h := newHeader(24, monitorAPI.MessageTypeCapture, byte(4+w.IntN(9)))
	h.bytes[offsetVersion] = 1
	h.u16(2, from.endpoint)
	h.u32(20, w.linkIndex())
	return w.packetEvent(h, from, to, situation)
}

// linkIndex is the index of a pod's interface, of the node's or of none that the API lists.
func (w *world) linkIndex() uint32 {
	p := one(w.generator, w.pods...)
	return one(w.generator, 0, uint32(p.link), uint32(p.link), 4, 6, 2, 5000)
}

// packetEvent completes a header and appends a packet between the sides.
func (w *world) packetEvent(h header, from, to side, situation string) situated {
	if h.bytes[0] == monitorAPI.MessageTypeTrace && from.address.Is6() {
		h.bytes[27] |= flagIPv6
	}
	if h.bytes[0] == monitorAPI.MessageTypeDrop && from.address.Is6() {
		h.bytes[36] |= flagIPv6
	}
	packet := w.plainPacket(from, to)
	h.u32(4, w.Uint32())
	h.u32(8, uint32(len(packet)))
	h.u16(offsetCapLen, uint16(len(packet)))
	return situated{sample(append(h.bytes, packet...), w.IntN(4)), situation}
}

// plainPacket is a segment or datagram in an IP packet in an Ethernet frame.
func (w *world) plainPacket(from, to side) []byte {
	protocol, payload := byte(6), make([]byte, 20)
	switch w.weighted(60, 25, 8, 7) {
	case 0:
		payload[12], payload[13] = 5<<4, one(w.generator, byte(0x02), 0x12, 0x10, 0x11)
	case 1:
		protocol, payload = 17, make([]byte, 8)
		big.PutUint16(payload[4:], 8)
	case 2:
		protocol, payload = 132, make([]byte, 12)
	default:
		protocol, payload = 1, []byte{8, 0, 0, 0, 0, 1, 0, 1}
		if from.address.Is6() {
			protocol, payload[0] = 58, 128
		}
		return w.frame(etherType(from), ipHeader(protocol, payload, from.address, to.address))
	}
	big.PutUint16(payload, from.port)
	big.PutUint16(payload[2:], to.port)
	return w.frame(etherType(from), ipHeader(protocol, payload, from.address, to.address))
}

func etherType(from side) uint16 {
	if from.address.Is6() {
		return 0x86dd
	}
	return 0x0800
}

func ipHeader(protocol byte, payload []byte, from, to netip.Addr) []byte {
	header := []byte{0x45, 0, 0, 0, 0, 1, 0x40, 0, 63, protocol, 0, 0}
	length, at := 20+len(payload), 2
	if from.Is6() {
		header = []byte{0x60, 0, 0, 0, 0, 0, protocol, 63}
		length, at = len(payload), 4
	}
	binary.BigEndian.PutUint16(header[at:], uint16(length))
	return slices.Concat(header, from.AsSlice(), to.AsSlice(), payload)
}

func (w *world) namedSock() situated {
	p := one(w.generator, w.pods...)
	from := side{about: "unknown cgroup"}
	cgroup := uint64(w.IntN(100))
	if p.isLocal() && w.percent(90) {
		cgroup = one(w.generator, p.cgroups...)
		from.about = "local pod"
	}
	v6 := w.percent(35)
	to := w.side(v6)
	h := newHeader(44, monitorAPI.MessageTypeTraceSock, byte(1+w.IntN(4)))
	h.bytes[2] = one(w.generator, byte(1), 2)
	if to.address.Is6() {
		h.bytes[3] = 1
	}
	h.u16(4, to.port)
	h.u64(8, w.Uint64())
	h.u64(16, cgroup)
	copy(h.bytes[24:40], to.address.AsSlice())
	return situated{sample(h.bytes, w.IntN(4)), from.about + " to " + to.about}
}

func (w *world) namedDebug() situated {
	p := one(w.generator, w.pods...)
	data := w.debug(w.Uint32())
	for len(data) < 20 {
		data = w.debug(w.Uint32())
	}
	// Texts of numbers that releases share.
	data[1] = one(w.generator, byte(1), 2, 4, 7, 8, 13, 14, 15)
	source, about := p.endpoint, "local pod"
	if !p.isLocal() {
		source, about = one(w.generator, uint16(0), hostEndpoint, 60_000), "other"
	}
	binary.LittleEndian.PutUint16(data[2:], source)
	return situated{sample(data, w.IntN(4)), "of " + about}
}

// namedRecord is a proxy's record, with the names that the proxy knows.
func (w *world) namedRecord() situated {
	if w.percent(50) {
		return w.dnsRecord()
	}
	from, to, situation := w.sides()
	record := w.record(from, to, accesslog.Ingress, 6)
	if w.percent(80) {
		record.HTTP = w.http(record.Type)
		record.HTTP.Headers = nil
	} else {
		record.Kafka = w.kafka()
	}
	return situated{sample(agentData(monitorAPI.MessageTypeAccessLog, record), 0), situation}
}

// dnsRecord is a query of a local pod, or the answer, which names addresses for later events.
func (w *world) dnsRecord() situated {
	client := w.podSide(w.percent(30), (*pod).isLocal)
	server := w.podSide(client.address.Is6(), func(p *pod) bool { return p.address(client.address.Is6()).Is6() == client.address.Is6() })
	server.port = 53
	from, to, kind := client, server, accesslog.TypeRequest
	if w.percent(60) {
		from, to, kind = server, client, accesslog.TypeResponse
	}
	record := w.record(from, to, accesslog.Egress, 17)
	record.Type = kind
	record.DNS = &accesslog.LogRecordDNS{
		Query: one(w.generator, dnsNames...), ObservationSource: accesslog.DNSSourceProxy, QTypes: []uint16{1}, RCode: one(w.generator, 0, 0, 0, 3),
	}
	situation := "DNS query"
	if kind == accesslog.TypeResponse {
		situation = "DNS answer"
		record.DNS.TTL = uint32(one(w.generator, 30, 300, 3600))
		if record.DNS.RCode == 0 {
			for _, address := range w.resolved(client.endpoint) {
				record.DNS.IPs = append(record.DNS.IPs, netip.MustParseAddr(address))
			}
			record.DNS.AnswerTypes = []uint16{1}
		}
	}
	return situated{sample(agentData(monitorAPI.MessageTypeAccessLog, record), 0), situation}
}

func (w *world) record(from, to side, point accesslog.ObservationPoint, protocol accesslog.TransportProtocol) accesslog.LogRecord {
	record := accesslog.LogRecord{
		Type:      one(w.generator, accesslog.TypeRequest, accesslog.TypeResponse),
		Timestamp: "2026-03-01T10:00:00Z", ObservationPoint: point, TransportProtocol: protocol,
		NodeAddressInfo: accesslog.NodeAddressInfo{IPv4: ownNode.String(), IPv6: ownNode6.String()},
		Verdict:         one(w.generator, accesslog.VerdictForwarded, accesslog.VerdictForwarded, accesslog.VerdictDenied),
		SourceEndpoint:  from.info(), DestinationEndpoint: to.info(), IPVersion: accesslog.VersionIPv4,
	}
	if from.address.Is6() {
		record.IPVersion = accesslog.VersionIPV6
	}
	return record
}

func (s side) info() accesslog.EndpointInfo {
	info := accesslog.EndpointInfo{
		ID: uint64(s.endpoint), Identity: uint64(s.identity), Port: s.port, Labels: labels.NewLabelsFromModel(s.labels).LabelArray(),
	}
	if s.address.Is4() {
		info.IPv4 = s.address.String()
	} else {
		info.IPv6 = s.address.String()
	}
	return info
}

// change is a pod that ends or starts, or an outside prefix that gets or loses its identity, as the agent announces it.
func (w *world) change() (events []situated) {
	announce := func(message monitorAPI.AgentNotifyMessage) {
		notify, err := message.ToJSON()
		if err != nil {
			panic(err) // these structs are JSON
		}
		events = append(events, situated{sample(agentData(monitorAPI.MessageTypeAgent, notify), 0), "announcement"})
	}
	switch w.weighted(5, 6, 2) {
	case 0:
		at := w.IntN(len(w.pods))
		if at > 0 && len(w.pods) > 60 {
			w.end(at, announce)
		}
	case 1:
		p := w.newPod(one(w.generator, w.apps...))
		if len(w.ended) > 0 && w.percent(30) {
			w.takeAddresses(p)
		}
		w.start(p, announce)
	default:
		p := one(w.generator, w.pods...)
		announce(monitorAPI.PolicyUpdateMessage(1, p.app.labels, 7))
	}
	return events
}

// takeAddresses gives a pod the addresses of one that ended on the same node.
func (w *world) takeAddresses(p *pod) {
	for at, ended := range w.ended {
		if ended.node == p.node {
			p.addresses = ended.addresses
			w.ended = slices.Delete(w.ended, at, at+1)
			return
		}
	}
}

func (w *world) start(p *pod, announce func(monitorAPI.AgentNotifyMessage)) {
	w.pods = append(w.pods, p)
	about := p.notified()
	if p.isLocal() {
		announce(monitorAPI.EndpointCreateMessage(about))
	}
	for _, address := range p.addresses {
		announce(monitorAPI.IPCacheUpsertedMessage(single(address).String(), p.app.identity, nil, p.node.AsSlice(), nil, 0, p.app.namespace, p.name))
	}
	if p.isLocal() {
		announce(monitorAPI.EndpointRegenMessage(about, nil))
	}
}

func (w *world) end(at int, announce func(monitorAPI.AgentNotifyMessage)) {
	p := w.pods[at]
	w.pods = slices.Delete(w.pods, at, at+1)
	w.ended = append(w.ended, p)
	if p.isLocal() {
		announce(monitorAPI.EndpointDeleteMessage(p.notified()))
	}
	for _, address := range p.addresses {
		announce(monitorAPI.IPCacheDeletedMessage(single(address).String(), p.app.identity, nil, p.node.AsSlice(), nil, 0, p.app.namespace, p.name))
	}
}

func (p *pod) notified() endpoint {
	return endpoint{id: uint64(p.endpoint), labels: p.app.labels, pod: p.name, namespace: p.app.namespace}
}

// numeric is an identity's number.
func numeric(number uint32) identity.NumericIdentity { return identity.NumericIdentity(number) }
