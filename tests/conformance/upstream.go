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

// runUpstream writes a stream of the events that upstream's own tests pass to Hubble's parsers, each followed by a marked
// trace, and the exporter's lines for the results that the tests check.
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

// completed is an event with the lengths of its packet, which are zero in tests and never in the datapath. Hubble
// ignores them.
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

// answered is the exporter's line for a parser's result in a test.
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

// upstream compares tidegate's lines with the results of upstream's tests.
type upstream struct {
	kinds map[string]*upstreamTally
	// Fields that depend on the environment of a test.
	fields map[string]int
}

// upstreamTally counts cases: equal to the test's result; equal to the result of the same Hubble without the environment
// and options of the test; neither.
type upstreamTally struct{ cases, equal, environment, different int }

// reportUpstream prints how lines compare with the results of upstream's tests.
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
		tally.environment++
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

// agree reports whether both lines are equal, or both are refusals.
func agree(theirs, ours []byte) bool {
	if _, refused := refusal(theirs); refused || ours == nil {
		return refused && ours == nil
	}
	return bytes.Equal(comparable(theirs), comparable(ours))
}

func (u *upstream) print() {
	fmt.Printf("\nupstream's own tests\n%-16s %9s %9s %14s %9s\n", "event", "cases", "equal", "environment", "different")
	sum := upstreamTally{}
	for _, kind := range slices.Sorted(maps.Keys(u.kinds)) {
		t := u.kinds[kind]
		fmt.Printf("%-16s %9d %9d %14d %9d\n", kind, t.cases, t.equal, t.environment, t.different)
		sum = upstreamTally{sum.cases + t.cases, sum.equal + t.equal, sum.environment + t.environment, sum.different + t.different}
	}
	fmt.Printf("%-16s %9d %9d %14d %9d\n", "all", sum.cases, sum.equal, sum.environment, sum.different)
	fmt.Println("fields that take the agent's memory or an option:")
	for _, name := range slices.Sorted(maps.Keys(u.fields)) {
		fmt.Printf("%9d  %s\n", u.fields[name], name)
	}
}
