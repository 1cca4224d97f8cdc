package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	flow "github.com/cilium/cilium/api/v1/flow"
	v1 "github.com/cilium/cilium/pkg/hubble/api/v1"
	"github.com/cilium/cilium/pkg/monitor/payload"
	nodeTypes "github.com/cilium/cilium/pkg/node/types"
)

// recorded is a line of what upstream/recorder.go writes.
type recorded struct {
	Test, Parser string
	Data         []byte
	CPU          int
	Answer       []byte
	Error        string
}

// runUpstream makes a stream of the events that upstream's own tests gave to Hubble's parsers, each followed by a
// marked trace, and the lines that the exporter would write about the answers that the tests then looked at.
func runUpstream(args []string) error {
	var in, out, lines string
	if err := flags("upstream", args, func(set *flag.FlagSet) {
		set.StringVar(&in, "recorded", "", "file of recorded cases")
		set.StringVar(&out, "stream", "", "file for the stream")
		set.StringVar(&lines, "out", "", "file for the lines")
	}); err != nil {
		return err
	}
	cases, err := readLines(in)
	if err != nil {
		return err
	}
	oracle, err := newOracle()
	if err != nil {
		return err
	}
	var events []payload.Payload
	exported := &bytes.Buffer{}
	for _, line := range cases {
		var made recorded
		if err := json.Unmarshal(line, &made); err != nil {
			return err
		}
		events = append(events, completed(sample(made.Data, made.CPU)))
		exported.Write(oracle.answered(&made))
		events = append(events, sample(fence(mark(len(events))), 0))
		exported.WriteString("null\n")
	}
	stream, err := newLineFile(out)
	if err != nil {
		return err
	}
	return errors.Join(writeStream(stream, events), stream.close(), os.WriteFile(lines, exported.Bytes(), 0o644))
}

// completed is an event with the lengths of its packet, which tests leave at zero and the datapath never does. Hubble
// does not look at them.
func completed(event payload.Payload) payload.Payload {
	header := headerLength(&event)
	if header == 0 || header > len(event.Data) || binary.LittleEndian.Uint16(event.Data[offsetCapLen:]) != 0 {
		return event
	}
	event.Data = bytes.Clone(event.Data)
	binary.LittleEndian.PutUint32(event.Data[offsetCapLen-4:], uint32(len(event.Data)-header))
	binary.LittleEndian.PutUint16(event.Data[offsetCapLen:], uint16(len(event.Data)-header))
	return event
}

// answered is the exporter's line about an answer that a parser gave in a test.
func (o *oracle) answered(made *recorded) []byte {
	if made.Error != "" {
		return refused(errors.New(made.Error)).exported
	}
	at := timestamppb.New(eventTime)
	event := &v1.Event{Timestamp: at}
	switch made.Parser {
	case "agent":
		event.Event = &flow.AgentEvent{}
	case "debug":
		event.Event = &flow.DebugEvent{}
	default:
		event.Event = &flow.Flow{}
	}
	if err := proto.Unmarshal(made.Answer, event.Event.(proto.Message)); err != nil {
		return refused(err).exported
	}
	if flow, ok := event.Event.(*flow.Flow); ok {
		flow.Time, flow.NodeName = at, nodeTypes.GetAbsoluteNodeName()
	}
	return o.write(event).exported
}

// upstream compares tidegate's lines with those of upstream's tests.
type upstream struct {
	kinds map[string]*upstreamTally
	// Fields that only the surroundings of a test explain.
	fields map[string]int
}

// upstreamTally counts cases: equal to what the test saw; equal to what the same Hubble says without the surroundings
// and options of the test; neither.
type upstreamTally struct{ cases, equal, surroundings, different int }

// reportUpstream prints how lines compare with those that upstream's tests saw.
func (c *comparison) reportUpstream(path string) error {
	seen, err := readLines(path)
	if err != nil {
		return err
	}
	u := upstream{kinds: map[string]*upstreamTally{}, fields: map[string]int{}}
	for index, line := range seen {
		if string(line) != "null" {
			u.judge(kindOf(&c.events[index]), line, c.theirs[index].json, c.ours[index].json)
		}
	}
	u.print()
	return nil
}

func (u *upstream) judge(kind string, seen, bare, ours []byte) {
	if u.kinds[kind] == nil {
		u.kinds[kind] = &upstreamTally{}
	}
	tally := u.kinds[kind]
	tally.cases++
	switch {
	case agree(seen, ours):
		tally.equal++
	case agree(bare, ours):
		tally.surroundings++
		theirs, mine := flatten(comparable(seen)), flatten(comparable(ours))
		names := map[string]bool{}
		for name := range theirs {
			names[subscript.ReplaceAllString(name, "[]")] = theirs[name] != mine[name]
		}
		for name := range mine {
			names[subscript.ReplaceAllString(name, "[]")] = theirs[name] != mine[name]
		}
		for name, differs := range names {
			if differs {
				u.fields[name]++
			}
		}
	default:
		tally.different++
	}
}

// agree tells whether both say the same, or both refuse.
func agree(theirs, ours []byte) bool {
	if _, refused := refusal(theirs); refused || ours == nil {
		return refused && ours == nil
	}
	return bytes.Equal(comparable(theirs), comparable(ours))
}

func (u *upstream) print() {
	fmt.Printf("\nupstream's own tests\n%-16s %9s %9s %14s %9s\n", "event", "cases", "equal", "surroundings", "different")
	sum := upstreamTally{}
	for _, kind := range slices.Sorted(maps.Keys(u.kinds)) {
		t := u.kinds[kind]
		fmt.Printf("%-16s %9d %9d %14d %9d\n", kind, t.cases, t.equal, t.surroundings, t.different)
		sum = upstreamTally{sum.cases + t.cases, sum.equal + t.equal, sum.surroundings + t.surroundings, sum.different + t.different}
	}
	fmt.Printf("%-16s %9d %9d %14d %9d\n", "all", sum.cases, sum.equal, sum.surroundings, sum.different)
	fmt.Println("fields that take the agent's memory or an option:")
	for _, name := range slices.Sorted(maps.Keys(u.fields)) {
		fmt.Printf("%9d  %s\n", u.fields[name], name)
	}
}
