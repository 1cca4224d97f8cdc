package main

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/monitor/payload"
)

// testdata/flows.txt has flows that were worked out by hand from Hubble's rules, before Hubble itself was asked.
func TestHubbleAgreesWithFlowsWorkedOutByHand(t *testing.T) {
	text, err := os.ReadFile("testdata/flows.txt")
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := newOracle()
	if err != nil {
		t.Fatal(err)
	}
	for _, vector := range strings.Split(string(text), "\n\n") {
		lines := strings.Split(strings.TrimSpace(vector), "\n")
		t.Run(strings.TrimPrefix(lines[0], "# "), func(t *testing.T) {
			data, err := hex.DecodeString(lines[1])
			if err != nil {
				t.Fatal(err)
			}
			line := oracle.line(&payload.Payload{Data: data, Type: payload.EventSample})
			want := `{"flow":` + lines[2] + `,"node_name":"node-a","time":"2026-03-01T10:00:00.123456789Z"}`
			if got := comparable(line); string(got) != string(comparable([]byte(want))) {
				t.Errorf("Hubble says\n%s\nnot\n%s", got, want)
			}
		})
	}
}

func TestNoEventIsDeadly(t *testing.T) {
	data := []byte{4, 30, 0, 0x90, 30, 0, 0xff}
	defuse(data)
	for _, event := range append(generate(5000, 3), sample(data, 0)) {
		if isPerfEvent(&event) && deadlyAt(event.Data) >= 0 {
			t.Errorf("%x", event.Data)
		}
	}
}

func TestAStreamReadsBackAsItWasWritten(t *testing.T) {
	path := t.TempDir() + "/stream"
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	events := generate(500, 7)
	if err := writeStream(file, events); err != nil {
		t.Fatal(err)
	}
	read, err := readEvents(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(read) != len(events) {
		t.Fatalf("%d events of %d", len(read), len(events))
	}
	for i := range events {
		if string(read[i].Data) != string(events[i].Data) || read[i].Lost != events[i].Lost || read[i].CPU != events[i].CPU {
			t.Errorf("event %d changed", i)
		}
	}
}

// Every difference must be found, wherever in the line it is.
func TestLinesDiffer(t *testing.T) {
	fence := sample(fence(markBase), 0)
	for name, lines := range map[string][2]string{
		"a field with another value":   {`{"flow":{"verdict":"DROPPED"}}`, `{"flow":{"verdict":"FORWARDED"}}`},
		"a field that one side lacks":  {`{"flow":{"is_reply":false}}`, `{"flow":{}}`},
		"an empty message":             {`{"flow":{"source":{}}}`, `{"flow":{}}`},
		"a line that one side lacks":   {`{"flow":{}}`, ``},
		"a line that Hubble refuses":   {`{"error":"no"}`, `{"flow":{}}`},
		"the order of fields":          {`{"flow":{"a":1,"b":2}}`, `{"flow":{"b":2,"a":1}}`},
		"the form of a number":         {`{"flow":{"a":1}}`, `{"flow":{"a":"1"}}`},
		"an element more":              {`{"flow":{"a":["x"]}}`, `{"flow":{"a":["x","y"]}}`},
		"a character that was escaped": {`{"flow":{"a":"\u003c"}}`, `{"flow":{"a":"<"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			c := newComparison([]payload.Payload{fence})
			ours := []byte(lines[1])
			if lines[1] == "" {
				ours = nil
			}
			c.event(0, pair{json: []byte(lines[0])}, pair{json: ours})
			if len(c.classes) == 0 || c.kinds["trace"].different != 1 {
				t.Error("not noticed")
			}
		})
	}
}
