package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// difference is a class of differences: how often, and the shortest event that shows it.
type difference struct {
	count         int
	events        []int
	example       int
	theirs, ours  []byte
	theirs1, our1 string
}

func (c *comparison) note(index int, class string, theirs, ours []byte) *difference {
	d := c.classes[class]
	if d == nil {
		d = &difference{example: -1}
		c.classes[class] = d
	}
	d.count++
	d.events = append(d.events, index)
	if d.example >= 0 && len(c.events[index].Data) >= len(c.events[d.example].Data) {
		return &difference{}
	}
	d.example, d.theirs, d.ours = index, theirs, ours
	return d
}

// fields notes each field in which two lines differ.
func (c *comparison) fields(index int, kind string, theirs, ours []byte) {
	before := flatten(comparable(theirs))
	after := flatten(comparable(ours))
	names := map[string]bool{}
	for name := range maps.Keys(before) {
		names[name] = before[name] != after[name]
	}
	for name := range maps.Keys(after) {
		names[name] = before[name] != after[name]
	}
	classes := map[string]bool{}
	for name, differs := range names {
		class := "field | " + kind + " | " + subscript.ReplaceAllString(name, "[]") + naming(before[name], after[name])
		if name == "debug_event.message" && !reordered(before[name], after[name]) {
			class += " of another release"
		}
		if strings.HasSuffix(class, "_names[]") && c.isEarly(index, theirs, ours) {
			class += " early"
		}
		if !differs || classes[class] {
			continue
		}
		classes[class] = true
		d := c.note(index, class, theirs, ours)
		d.theirs1, d.our1 = or(before[name], "absent"), or(after[name], "absent")
	}
	if len(classes) == 0 {
		c.note(index, "form of the JSON | "+kind+" | same fields, other text", theirs, ours)
	}
}

// compact notes how two compact lines differ, if they do.
func (c *comparison) compact(index int, kind string, theirs, ours []byte) bool {
	if theirs == nil || ours == nil {
		return false
	}
	var text string
	if err := json.Unmarshal(theirs, &text); err != nil {
		panic(err) // quoted wrote it
	}
	theirs, ours = withoutStamp([]byte(text)), withoutStamp(ours)
	switch {
	case bytes.Equal(theirs, ours):
		return false
	case bytes.Equal(escaped(theirs), ours):
		c.note(index, "compact | "+kind+" | control characters", theirs, ours)
	case bytes.Equal(bytes.Replace(theirs, []byte(" 206, 0 "), []byte(" No device "), 1), ours):
		c.note(index, "compact | "+kind+" | drop reason 206 named", theirs, ours)
	case c.isEarlyLine(index, theirs, ours):
		c.note(index, "compact | "+kind+" | early DNS name", theirs, ours)
	default:
		c.note(index, "compact | "+kind+" | text", theirs, ours)
	}
	return true
}

var subscript = regexp.MustCompile(`\[\d+\]`)

// naming makes a separate class of each value that has a name on tidegate's side only.
func naming(theirs, ours string) string {
	nameless := theirs == `"Unknown"` || strings.Trim(theirs, "0123456789") == ""
	if nameless && theirs != "" && strings.HasPrefix(ours, `"`) {
		return " " + theirs + " named " + ours
	}
	if theirs != ours && theirs == strings.ReplaceAll(ours, "NAPTR", "Unknown") {
		return ` "Unknown" named "NAPTR"`
	}
	return ""
}

// reordered reports whether two texts of a debug message differ in the order of a connection's flags alone.
func reordered(theirs, ours string) bool {
	return strings.Replace(theirs, "RELATED, OUT", "OUT, RELATED", 1) == ours
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// flatten gives every leaf of a JSON document by its path.
func flatten(line []byte) map[string]string {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var document any
	leaves := map[string]string{}
	if err := decoder.Decode(&document); err != nil {
		leaves["(not JSON)"] = err.Error()
		return leaves
	}
	walk("", document, leaves)
	return leaves
}

func walk(at string, value any, leaves map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 {
			leaves[at] = "{}"
		}
		for name, member := range value {
			walk(strings.TrimPrefix(at+"."+name, "."), member, leaves)
		}
	case []any:
		if len(value) == 0 {
			leaves[at] = "[]"
		}
		for i, member := range value {
			walk(fmt.Sprintf("%s[%d]", at, i), member, leaves)
		}
	default:
		text, _ := json.Marshal(value)
		leaves[at] = string(text)
	}
}

var variable = regexp.MustCompile(`\[[\d ]+\]|"[^"]*"|\d+`)

// generalised is an error's text without the parts that differ from event to event.
func generalised(text string) string {
	return variable.ReplaceAllString(text, "N")
}

// describe returns Hubble's result for an event that tidegate refused.
func describe(line []byte) string {
	var at struct {
		Flow *struct {
			Summary string
			Tunnel  *struct{ Protocol string }
		}
	}
	if json.Unmarshal(line, &at) != nil || at.Flow == nil {
		return string(line[:bytes.IndexByte(line, ':')])
	}
	word, _, _ := strings.Cut(at.Flow.Summary, " ")
	if at.Flow.Tunnel != nil {
		return "summary " + or(word, "empty") + " in a tunnel"
	}
	return "summary " + or(word, "empty")
}

// expectation is a line of the file of expected differences.
type expectation struct{ pattern, reason string }

// readExpected reads lines of `class = reason`, where * in a class stands for anything but a slash.
func readExpected(name string) (expected []expectation, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		class, reason, found := strings.Cut(line, " = ")
		if !found {
			return nil, fmt.Errorf("%s: no ` = reason` in %q", name, line)
		}
		expected = append(expected, expectation{strings.TrimSpace(class), strings.TrimSpace(reason)})
	}
	return expected, scanner.Err()
}

// report prints the table and the classes, and returns how many have no explanation.
func (c *comparison) report(expected []expectation) (unexplained int) {
	fmt.Printf("%-16s %9s %9s %9s %9s\n", "event", "events", "equal", "refused", "different")
	sum := tally{}
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		t := c.kinds[kind]
		c.row(kind, *t)
		sum = tally{sum.events + t.events, sum.equal + t.equal, sum.refusedByBoth + t.refusedByBoth, sum.different + t.different}
	}
	c.row("all", sum)
	reasons := map[string]map[int]bool{}
	for _, class := range slices.SortedFunc(maps.Keys(c.classes), func(a, b string) int {
		return c.classes[b].count - c.classes[a].count
	}) {
		reason := or(reasonOf(class, expected), unexplainedReason)
		if reason == unexplainedReason {
			unexplained++
		}
		c.classes[class].print(c, class, reason)
		if reasons[reason] == nil {
			reasons[reason] = map[int]bool{}
		}
		for _, index := range c.classes[class].events {
			reasons[reason][index] = true
		}
	}
	c.reportSituations()
	fmt.Printf("\n%9s  reason\n", "different")
	for _, reason := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return len(reasons[b]) - len(reasons[a])
	}) {
		fmt.Printf("%9d  %s\n", len(reasons[reason]), reason)
	}
	fmt.Printf("\nclasses of differences: %d, unexplained: %d\n", len(c.classes), unexplained)
	return unexplained
}

const unexplainedReason = "UNEXPLAINED"

func (c *comparison) row(kind string, t tally) {
	fmt.Printf("%-16s %9d %9d %9d %9d\n", kind, t.events, t.equal, t.refusedByBoth, t.different)
}

func reasonOf(class string, expected []expectation) string {
	for _, e := range expected {
		if matched, _ := path.Match(strings.ReplaceAll(e.pattern, "[]", `\[\]`), class); matched {
			return e.reason
		}
	}
	return ""
}

func (d *difference) print(c *comparison, class, reason string) {
	fmt.Printf("\n%6d  %s\n        %s\n", d.count, class, reason)
	if d.theirs1 != "" {
		fmt.Printf("        Hubble   %s\n        tidegate %s\n", d.theirs1, d.our1)
	}
	fmt.Printf("        event %d: %s\n", d.example, hex.EncodeToString(c.events[d.example].Data))
	fmt.Printf("        Hubble   %s\n        tidegate %s\n", bytes.TrimSpace(d.theirs), or(string(d.ours), "no line"))
}
