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
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
)

// runNamesGen writes what an agent's API lists, and a stream of its traffic and announcements.
func runNamesGen(args []string) error {
	var stream, api, situations string
	var count, pods int
	var seed uint64
	var silent bool
	if err := flags("names-gen", args, func(set *flag.FlagSet) {
		set.StringVar(&stream, "out", "", "stream file")
		set.StringVar(&api, "api", "", "file for the answers of the API")
		set.StringVar(&situations, "situations", "", "file for what the sides of each event are")
		set.IntVar(&count, "events", 50_000, "number of events")
		set.IntVar(&pods, "pods", 200, "number of pods that run before the stream")
		set.Uint64Var(&seed, "seed", 1, "seed; the same seed gives the same stream")
		set.BoolVar(&silent, "no-answers", false, "without DNS answers, which name flows that were read with them")
	}); err != nil {
		return err
	}
	w := newWorld(seed, pods)
	w.silent = silent
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
	for i := range events {
		if isPerfEvent(&events[i].payload) {
			defuse(events[i].payload.Data)
		}
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
	// Texts that are the same in all releases, without flags that Go prints in random order.
	data[1] = one(w.generator, byte(1), 2, 4, 8, 13, 14)
	source, about := p.endpoint, "local pod"
	if !p.isLocal() {
		source, about = one(w.generator, uint16(0), hostEndpoint, 60_000), "other"
	}
	binary.LittleEndian.PutUint16(data[2:], source)
	return situated{sample(data, w.IntN(4)), "of " + about}
}

// numeric is an identity's number.
func numeric(number uint32) identity.NumericIdentity { return identity.NumericIdentity(number) }
