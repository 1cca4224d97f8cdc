package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
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
	return nil
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
