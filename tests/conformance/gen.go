package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"os"

	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
)

// markBase is added to an event's number to make its mark: an identity (or hash, count, cookie) that Hubble copies
// into the line, so that a line tells which event it is of. Other identities stay below it.
const markBase = 0x6000_0000

func runGen(args []string) error {
	var path string
	var count int
	var seed uint64
	if err := flags("gen", args, func(set *flag.FlagSet) {
		set.StringVar(&path, "out", "", "stream file")
		set.IntVar(&count, "events", 50_000, "number of events")
		set.Uint64Var(&seed, "seed", 1, "seed; the same seed gives the same stream")
	}); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	if err := writeStream(out, generate(count, seed)); err != nil {
		return err
	}
	return out.Flush()
}

func generate(count int, seed uint64) []payload.Payload {
	g := newGenerator(seed)
	events := make([]payload.Payload, 0, count)
	for len(events) < count {
		event, marked := g.event(mark(len(events)))
		if isPerfEvent(&event) {
			defuse(event.Data)
		}
		if isPerfEvent(&event) && event.Data[0] == monitorAPI.MessageTypeTraceSock {
			// Nothing in a socket event tells its layout; tidegate learns it from other events of the agent.
			events = append(events, sample(fence(mark(len(events))), 0))
			remark(event.Data, mark(len(events)))
		}
		events = append(events, event)
		if !marked {
			// A line without a mark is known by the marked line that follows.
			events = append(events, sample(fence(mark(len(events))), 0))
		}
	}
	return events
}

func mark(index int) uint32 { return markBase + uint32(index) }

// generator draws events. Its methods return bytes that a datapath might, or never would, send.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 0x7469_6465))}
}

// event draws an event; marked tells whether its line will carry the mark.
func (g *generator) event(mark uint32) (event payload.Payload, marked bool) {
	cpu := one(g, g.IntN(200), g.IntN(200), g.IntN(200), -1, 1<<31-1, 1<<31, -1<<31-1, 1<<40)
	switch g.weighted(280, 190, 160, 40, 210, 50, 20, 30, 20, 10, 10, 2) {
	case 0:
		return sample(g.trace(mark), cpu), true
	case 1:
		return sample(g.drop(mark), cpu), true
	case 2:
		return sample(g.policyVerdict(mark), cpu), true
	case 3:
		return sample(g.capture(), cpu), false
	case 4:
		return sample(g.accessLog(mark), 0), true
	case 5:
		return sample(g.agentNotification(mark), 0), false
	case 6:
		return payload.Payload{Type: payload.RecordLost, CPU: cpu, Lost: uint64(mark)}, true
	case 7:
		return sample(g.debug(mark), cpu), true
	case 8:
		return sample(g.sock(mark), cpu), true
	case 9:
		return sample(g.noise(mark), cpu), false
	case 10:
		return sample(g.recorderCapture(), cpu), false
	default:
		return payload.Payload{Data: g.trace(mark), CPU: cpu, Type: one(g, 0, 1, 3, 10, -1)}, false
	}
}

func sample(data []byte, cpu int) payload.Payload {
	return payload.Payload{Data: data, CPU: cpu, Type: payload.EventSample}
}

// noise is random bytes with a type of any number, which is seldom one that the datapath has.
func (g *generator) noise(mark uint32) []byte {
	data := g.bytes(g.IntN(200))
	if len(data) > 0 && g.percent(70) {
		data[0] = byte(g.IntN(9))
	}
	if len(data) > 0 && (data[0] == monitorAPI.MessageTypeAccessLog || data[0] == monitorAPI.MessageTypeAgent) {
		// Random gob is no matter of Hubble's.
		data[0] = 0xff
	}
	if len(data) >= 20 {
		binary.LittleEndian.PutUint32(data[16:], mark)
	}
	return data
}

func (g *generator) percent(p int) bool { return g.IntN(100) < p }

// weighted draws the index of one of the weights.
func (g *generator) weighted(weights ...int) int {
	sum := 0
	for _, weight := range weights {
		sum += weight
	}
	drawn := g.IntN(sum)
	for i, weight := range weights {
		if drawn -= weight; drawn < 0 {
			return i
		}
	}
	panic("the weights add up to their sum")
}

func (g *generator) bytes(length int) []byte {
	bytes := make([]byte, length)
	for i := range bytes {
		bytes[i] = byte(g.Uint32())
	}
	return bytes
}

func (g *generator) byte() byte     { return byte(g.Uint32()) }
func (g *generator) uint16() uint16 { return uint16(g.Uint32()) }

func one[T any](g *generator, values ...T) T { return values[g.IntN(len(values))] }

// identity is one that the datapath knows, below every mark.
func (g *generator) identity() uint32 {
	return one(g, 0, 1, 2, 3, 9, 10, 11, 100, 256, uint32(g.IntN(1<<24)), 1<<24+uint32(g.IntN(9)), 2<<24+uint32(g.IntN(9)))
}
