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
	"slices"

	"github.com/cilium/cilium/pkg/monitor"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
)

func runCompare(args []string) error {
	var files sides
	var expected, sample, upstream, situations string
	var count int
	if err := flags("compare", args, func(set *flag.FlagSet) {
		set.StringVar(&files.stream, "stream", "", "stream file, for the bytes of examples")
		set.StringVar(&files.hubble, "hubble", "", "file of Hubble's lines")
		set.StringVar(&files.tidegate, "tidegate", "", "file of tidegate's lines")
		set.StringVar(&files.hubbleCompact, "hubble-compact", "", "file of Hubble's compact lines, quoted")
		set.StringVar(&files.tidegateCompact, "tidegate-compact", "", "file of tidegate's compact lines")
		set.StringVar(&expected, "expected", "", "file of expected differences")
		set.StringVar(&situations, "situations", "", "file with the situation of each event; lines are joined by their order")
		set.StringVar(&upstream, "upstream", "", "file of the lines that upstream's tests saw")
		set.StringVar(&sample, "sample", "", "file for a stream of some events without differences")
		set.IntVar(&count, "count", 30, "number of events of each kind in the sample")
	}); err != nil {
		return err
	}
	comparison, err := compareFiles(files, situations)
	if err != nil {
		return err
	}
	if upstream != "" {
		if err := comparison.reportUpstream(upstream); err != nil {
			return err
		}
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

// sides are the files to compare.
type sides struct{ stream, hubble, tidegate, hubbleCompact, tidegateCompact string }

func compareFiles(files sides, situations string) (*comparison, error) {
	events, err := readEvents(files.stream)
	if err != nil {
		return nil, err
	}
	theirs, err := readPairs(files.hubble, files.hubbleCompact)
	if err != nil {
		return nil, err
	}
	if len(theirs) != len(events) {
		return nil, fmt.Errorf("%s: %d lines for %d events", files.hubble, len(theirs), len(events))
	}
	printed, err := readPairs(files.tidegate, files.tidegateCompact)
	if err != nil {
		return nil, err
	}
	c := newComparison(events)
	join := c.join
	if situations != "" {
		if err := c.readSituations(situations); err != nil {
			return nil, err
		}
		join = func(printed []pair) (map[int]pair, error) { return inOrder(theirs, printed) }
	}
	ours, err := join(printed)
	if err != nil {
		return nil, err
	}
	c.theirs, c.ours = theirs, ours
	for index := range events {
		c.event(index, theirs[index], ours[index])
	}
	return c, nil
}

// pair is one side's output for an event: in JSON and, if requested, as a compact line.
type pair struct{ json, compact []byte }

// readPairs reads two files with a line for each event for which either has one.
func readPairs(json, compact string) ([]pair, error) {
	lines, err := readLines(json)
	if err != nil {
		return nil, err
	}
	pairs := make([]pair, len(lines))
	for i, line := range lines {
		pairs[i].json = line
	}
	if compact == "" {
		return pairs, nil
	}
	lines, err = readLines(compact)
	if err != nil {
		return nil, err
	}
	if len(lines) != len(pairs) {
		return nil, fmt.Errorf("%s: %d lines, but %d in %s", compact, len(lines), len(pairs), json)
	}
	for i, line := range lines {
		pairs[i].compact = line
	}
	return pairs, nil
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

// join maps each printed line to its event: by its mark, or by the mark of the following line.
func (c *comparison) join(printed []pair) (map[int]pair, error) {
	lines := map[int]pair{}
	var waiting pair
	for number, line := range printed {
		index, marked, err := markOf(line.json)
		// Noise can look like a mark; there are too few events for it to be one.
		marked = marked && index < len(c.events)
		switch {
		case err != nil:
			return nil, fmt.Errorf("tidegate's line %d: %w", number+1, err)
		case !marked && waiting.json != nil:
			return nil, fmt.Errorf("tidegate's line %d: two lines in a row without a mark", number+1)
		case !marked:
			waiting = line
			continue
		case lines[index].json != nil:
			return nil, fmt.Errorf("tidegate's line %d: second line for event %d", number+1, index)
		}
		lines[index] = line
		if waiting.json != nil {
			lines[index-1] = waiting
			waiting = pair{}
		}
	}
	if waiting.json != nil {
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

// Fields that necessarily differ between the two.
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
	theirs  []pair
	ours    map[int]pair
	kinds   map[string]*tally
	classes map[string]*difference
	// What the sides of each event are, and the results by that; empty for generated events without names.
	situations  []string
	bySituation map[string]*tally
	// What DNS answers teach, in order.
	lessons []lesson
	// Numbers of the events without a difference.
	same []int
}

// tally counts the results of one kind of events.
type tally struct{ events, equal, refusedByBoth, different int }

func newComparison(events []payload.Payload) *comparison {
	return &comparison{
		events: events, kinds: map[string]*tally{}, classes: map[string]*difference{}, bySituation: map[string]*tally{},
	}
}

func (c *comparison) event(index int, theirs, ours pair) {
	kind := kindOf(&c.events[index])
	if c.kinds[kind] == nil {
		c.kinds[kind] = &tally{}
	}
	tally := c.kinds[kind]
	tally.events++
	if c.situations != nil {
		before := *tally
		defer func() { c.countSituation(index, before, *tally) }()
	}
	refusal, refused := refusal(theirs.json)
	switch {
	case refused && ours.json == nil:
		tally.refusedByBoth++
		c.same = append(c.same, index)
		return
	case refused:
		c.note(index, "only tidegate | "+kind+" | "+generalised(refusal), theirs.json, ours.json)
	case ours.json == nil:
		c.note(index, "only Hubble | "+kind+" | "+describe(theirs.json), theirs.json, ours.json)
	case !bytes.Equal(comparable(theirs.json), comparable(ours.json)):
		c.fields(index, kind, theirs.json, ours.json)
	case c.compact(index, kind, theirs.compact, ours.compact):
	default:
		tally.equal++
		c.same = append(c.same, index)
		return
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
		return beforeVersion3
	case data[0] == monitorAPI.MessageTypeAccessLog && protocols(data) > 1:
		return "l7 of two protocols"
	default:
		return messageTypes[data[0]]
	}
}

// beforeVersion3 is the kind of drops in layouts that Cilium 1.19 does not send.
const beforeVersion3 = "drop before 1.19"

// protocols counts what an access-log record is about.
func protocols(data []byte) (count int) {
	var record monitor.LogRecordNotify
	if err := record.Decode(data); err != nil {
		return 0
	}
	for _, has := range []bool{record.HTTP != nil, record.DNS != nil, record.Kafka != nil, record.L7 != nil} {
		if has {
			count++
		}
	}
	return count
}

// writeSample writes some of the events of each kind without a difference, from all over the stream. The trace before a
// socket event, which settles its layout, stays before it.
func (c *comparison) writeSample(path string, count int) error {
	kinds := map[string][]int{}
	for _, index := range c.same {
		kind := kindOf(&c.events[index])
		if kind == beforeVersion3 && bytes.Contains(c.theirs[index].json, []byte(`"file":`)) {
			// Which file it is takes the releases that the stream has shown before.
			continue
		}
		kinds[kind] = append(kinds[kind], index)
	}
	chosen := []int(nil)
	for _, same := range kinds {
		for i := range min(count, len(same)) {
			chosen = append(chosen, same[i*len(same)/min(count, len(same))])
		}
	}
	slices.Sort(chosen)
	events := []payload.Payload(nil)
	for _, index := range chosen {
		if isPerfEvent(&c.events[index]) && c.events[index].Data[0] == monitorAPI.MessageTypeTraceSock {
			events = append(events, c.events[index-1])
		}
		events = append(events, c.events[index])
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return writeStream(file, events)
}
