package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"

	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
)

func runCompare(args []string) error {
	var stream, hubble, tidegate, expected, sample string
	var count int
	if err := flags("compare", args, func(set *flag.FlagSet) {
		set.StringVar(&stream, "stream", "", "stream file, for the bytes of examples")
		set.StringVar(&hubble, "hubble", "", "file of Hubble's lines")
		set.StringVar(&tidegate, "tidegate", "", "file of tidegate's lines")
		set.StringVar(&expected, "expected", "", "file of expected differences")
		set.StringVar(&sample, "sample", "", "file for a stream of some events without differences")
		set.IntVar(&count, "count", 200, "number of events in the sample")
	}); err != nil {
		return err
	}
	comparison, err := compareFiles(stream, hubble, tidegate)
	if err != nil {
		return err
	}
	if sample != "" {
		if err := comparison.writeSample(sample, count); err != nil {
			return err
		}
	}
	explained, err := readExpected(expected)
	if err != nil {
		return err
	}
	unexplained := comparison.report(explained)
	if unexplained > 0 {
		return fmt.Errorf("%d classes of differences are not explained in %s", unexplained, expected)
	}
	return nil
}

func compareFiles(stream, hubble, tidegate string) (*comparison, error) {
	events, err := readEvents(stream)
	if err != nil {
		return nil, err
	}
	theirs, err := readLines(hubble)
	if err != nil {
		return nil, err
	}
	if len(theirs) != len(events) {
		return nil, fmt.Errorf("%s: %d lines for %d events", hubble, len(theirs), len(events))
	}
	printed, err := readLines(tidegate)
	if err != nil {
		return nil, err
	}
	c := newComparison(events)
	ours, err := c.join(printed)
	if err != nil {
		return nil, err
	}
	for index := range events {
		c.event(index, theirs[index], ours[index])
	}
	return c, nil
}

func readLines(path string) (lines [][]byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		lines = append(lines, bytes.Clone(scanner.Bytes()))
	}
	return lines, scanner.Err()
}

// join says which event each printed line is of: by its mark, or by the mark of the line that follows.
func (c *comparison) join(printed [][]byte) (map[int][]byte, error) {
	lines := map[int][]byte{}
	var waiting []byte
	for number, line := range printed {
		index, marked, err := markOf(line)
		// Noise can look like a mark; there are too few events for it to be one.
		marked = marked && index < len(c.events)
		switch {
		case err != nil:
			return nil, fmt.Errorf("tidegate's line %d: %w", number+1, err)
		case !marked && waiting != nil:
			return nil, fmt.Errorf("tidegate's line %d: two lines in a row without a mark", number+1)
		case !marked:
			waiting = line
			continue
		case lines[index] != nil:
			return nil, fmt.Errorf("tidegate's line %d: second line for event %d", number+1, index)
		}
		lines[index] = line
		if waiting != nil {
			lines[index-1] = waiting
			waiting = nil
		}
	}
	if waiting != nil {
		return nil, errors.New("tidegate's last line has no mark")
	}
	return lines, nil
}

// marked is where lines carry marks.
type marked struct {
	Flow *struct {
		Source, Destination struct {
			Identity uint32 `json:"identity"`
		}
		SocketCookie uint64 `json:"socket_cookie,string"`
	} `json:"flow"`
	Lost *struct {
		Count uint64 `json:"num_events_lost,string"`
	} `json:"lost_events"`
	Debug *struct {
		Hash uint32 `json:"hash"`
	} `json:"debug_event"`
}

func markOf(line []byte) (index int, found bool, err error) {
	var at marked
	if err := json.Unmarshal(line, &at); err != nil {
		return 0, false, err
	}
	candidates := []uint64(nil)
	switch {
	case at.Flow != nil:
		candidates = []uint64{uint64(at.Flow.Source.Identity), uint64(at.Flow.Destination.Identity), at.Flow.SocketCookie}
	case at.Lost != nil:
		candidates = []uint64{at.Lost.Count}
	case at.Debug != nil:
		candidates = []uint64{uint64(at.Debug.Hash)}
	}
	for _, candidate := range candidates {
		if candidate >= markBase && candidate < markBase+1<<28 {
			return int(candidate - markBase), true, nil
		}
	}
	return 0, false, nil
}

// What the two cannot have in common.
var unlike = regexp.MustCompile(`"uuid":"[^"]*",|"emitter":\{[^}]*\},|(,?)"time":"[^"]*"(,?)`)

func comparable(line []byte) []byte {
	return unlike.ReplaceAllFunc(bytes.TrimSpace(line), func(found []byte) []byte {
		// A member between two others leaves one comma.
		if bytes.HasPrefix(found, []byte(",")) && bytes.HasSuffix(found, []byte(",")) {
			return []byte(",")
		}
		return nil
	})
}

type comparison struct {
	events  []payload.Payload
	kinds   map[string]*tally
	classes map[string]*difference
	// Numbers of the events without a difference.
	same []int
}

// tally counts what became of one kind of events.
type tally struct{ events, equal, refusedByBoth, different int }

func newComparison(events []payload.Payload) *comparison {
	return &comparison{events: events, kinds: map[string]*tally{}, classes: map[string]*difference{}}
}

func (c *comparison) event(index int, theirs, ours []byte) {
	kind := kindOf(&c.events[index])
	if c.kinds[kind] == nil {
		c.kinds[kind] = &tally{}
	}
	tally := c.kinds[kind]
	tally.events++
	refusal, refused := refusal(theirs)
	switch {
	case refused && ours == nil:
		tally.refusedByBoth++
		c.same = append(c.same, index)
		return
	case refused:
		c.note(index, "only tidegate | "+kind+" | "+generalised(refusal), theirs, ours)
	case ours == nil:
		c.note(index, "only Hubble | "+kind+" | "+describe(theirs), theirs, ours)
	case bytes.Equal(comparable(theirs), comparable(ours)):
		tally.equal++
		c.same = append(c.same, index)
		return
	default:
		c.fields(index, kind, theirs, ours)
	}
	tally.different++
}

func refusal(line []byte) (text string, refused bool) {
	var at struct {
		Error *string `json:"error"`
	}
	if json.Unmarshal(line, &at) != nil || at.Error == nil {
		return "", false
	}
	return *at.Error, true
}

var messageTypes = map[byte]string{
	1: "drop", 2: "debug", 3: "capture", 4: "trace", 5: "policy-verdict", 7: "trace-sock", 129: "l7", 130: "agent",
}

func kindOf(event *payload.Payload) string {
	data := event.Data
	switch {
	case event.Type == payload.RecordLost:
		return "lost"
	case len(data) == 0:
		return "empty"
	case messageTypes[data[0]] == "":
		return "unknown"
	case headerLength(event) > 0 && data[offsetVersion+1] != 0:
		return messageTypes[data[0]] + " extended"
	case data[0] == monitorAPI.MessageTypeDrop && len(data) > offsetVersion && data[offsetVersion] < 3:
		return "drop before 1.19"
	default:
		return messageTypes[data[0]]
	}
}

// writeSample writes some of the events without a difference, from all over the stream.
func (c *comparison) writeSample(path string, count int) error {
	events := []payload.Payload(nil)
	for i := range min(count, len(c.same)) {
		events = append(events, c.events[c.same[i*len(c.same)/count]])
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return writeStream(file, events)
}
