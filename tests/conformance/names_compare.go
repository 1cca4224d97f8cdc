package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/cilium/cilium/pkg/monitor"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
	"github.com/cilium/cilium/pkg/proxy/accesslog"
)

// readSituations reads a line for each event.
func (c *comparison) readSituations(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	c.situations = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(c.situations) != len(c.events) {
		return fmt.Errorf("%s: %d lines for %d events", name, len(c.situations), len(c.events))
	}
	c.lessons = lessons(c.events)
	return nil
}

// learntSoon is how many events later an answer may come that has already named a flow: tidegate decodes the answers of
// what it has read at once before it names the flows of it.
const learntSoon = 4096

// lesson is a name that a DNS answer gives an address, for the endpoint that asked.
type lesson struct {
	index         int
	name, address string
}

// lessons are those of all answers that a proxy forwarded, in order.
func lessons(events []payload.Payload) (taught []lesson) {
	for index := range events {
		data := events[index].Data
		if events[index].Type != payload.EventSample || len(data) == 0 || data[0] != monitorAPI.MessageTypeAccessLog {
			continue
		}
		var record monitor.LogRecordNotify
		if err := record.Decode(data); err != nil || record.DNS == nil || record.Type != accesslog.TypeResponse {
			continue
		}
		for _, address := range record.DNS.IPs {
			taught = append(taught, lesson{index, strings.TrimSuffix(record.DNS.Query, "."), address.String()})
		}
	}
	return taught
}

// soon are the lessons of answers that follow an event closely.
func (c *comparison) soon(index int) []lesson {
	from := sort.Search(len(c.lessons), func(i int) bool { return c.lessons[i].index >= index })
	to := sort.Search(len(c.lessons), func(i int) bool { return c.lessons[i].index > index+learntSoon })
	return c.lessons[from:to]
}

// isEarly reports whether ours is theirs with a name that an answer soon gives an address of the flow.
func (c *comparison) isEarly(index int, theirs, ours []byte) bool {
	var before, after struct {
		Flow struct {
			IP               struct{ Source, Destination string }
			SourceNames      []string `json:"source_names"`
			DestinationNames []string `json:"destination_names"`
		}
	}
	if json.Unmarshal(theirs, &before) != nil || json.Unmarshal(ours, &after) != nil {
		return false
	}
	return c.areEarly(index, after.Flow.IP.Source, before.Flow.SourceNames, after.Flow.SourceNames) &&
		c.areEarly(index, after.Flow.IP.Destination, before.Flow.DestinationNames, after.Flow.DestinationNames)
}

func (c *comparison) areEarly(index int, address string, theirs, ours []string) bool {
	for _, name := range theirs {
		if !slices.Contains(ours, name) {
			return false
		}
	}
	for _, name := range ours {
		taught := func(l lesson) bool { return l.name == name && l.address == address }
		if !slices.Contains(theirs, name) && !slices.ContainsFunc(c.soon(index), taught) {
			return false
		}
	}
	return true
}

// isEarlyLine is isEarly for compact lines, in which names stand for the address.
func (c *comparison) isEarlyLine(index int, theirs, ours []byte) bool {
	var line struct {
		Flow struct {
			SourceNames      []string `json:"source_names"`
			DestinationNames []string `json:"destination_names"`
		}
	}
	if json.Unmarshal(c.theirs[index].json, &line) != nil {
		return false
	}
	return slices.ContainsFunc(c.soon(index), func(l lesson) bool {
		named := map[string]string{l.address: l.name, "[" + l.address + "]": l.name}
		for _, names := range [][]string{line.Flow.SourceNames, line.Flow.DestinationNames} {
			more := append(slices.Clone(names), l.name)
			slices.Sort(more)
			named[strings.Join(names, ",")] = strings.Join(more, ",")
		}
		for before, after := range named {
			if before != "" && bytes.Equal(bytes.Replace(theirs, []byte(before), []byte(after), 1), ours) {
				return true
			}
		}
		return false
	})
}

// inOrder joins lines by their order: either side has one for each event that Hubble does not refuse.
func inOrder(theirs, printed []pair) (map[int]pair, error) {
	lines := map[int]pair{}
	at := 0
	for index, line := range theirs {
		if _, refused := refusal(line.json); refused {
			continue
		}
		if at == len(printed) {
			return nil, fmt.Errorf("tidegate printed %d lines, fewer than Hubble", at)
		}
		if kind := firstKey(printed[at].json); kind != firstKey(line.json) {
			return nil, fmt.Errorf("tidegate's line %d is a %s, that of event %d a %s", at+1, kind, index, firstKey(line.json))
		}
		lines[index] = printed[at]
		at++
	}
	if at < len(printed) {
		return nil, fmt.Errorf("tidegate printed %d lines, Hubble %d", len(printed), at)
	}
	return lines, nil
}

// firstKey is the kind of record that a line is of.
func firstKey(line []byte) string {
	key, _, _ := bytes.Cut(line, []byte(":"))
	return strings.Trim(string(key), `{" `)
}

// countSituation counts the result of an event for what its sides are.
func (c *comparison) countSituation(index int, before, after tally) {
	situation := c.situations[index]
	sum := c.bySituation[situation]
	if sum == nil {
		sum = &tally{}
		c.bySituation[situation] = sum
	}
	sum.events++
	sum.equal += after.equal - before.equal
	sum.refusedByBoth += after.refusedByBoth - before.refusedByBoth
	sum.different += after.different - before.different
}

// reportSituations prints the results by what the sides are.
func (c *comparison) reportSituations() {
	if c.situations == nil {
		return
	}
	fmt.Printf("\n%-44s %9s %9s %9s %9s\n", "situation", "events", "equal", "refused", "different")
	for _, situation := range slices.Sorted(maps.Keys(c.bySituation)) {
		t := c.bySituation[situation]
		fmt.Printf("%-44s %9d %9d %9d %9d\n", situation, t.events, t.equal, t.refusedByBoth, t.different)
	}
}
