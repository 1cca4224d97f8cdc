package main

import (
	"bytes"
	"encoding/json"

	flow "github.com/cilium/cilium/api/v1/flow"
	observerpb "github.com/cilium/cilium/api/v1/observer"
	v1 "github.com/cilium/cilium/pkg/hubble/api/v1"

	"github.com/cilium/cilium/hubble/pkg/printer"
)

// stampLength is the length of the time before each line, which is never the same for both.
const stampLength = len("Jan  1 00:00:00.000")

// observed is what `hubble observe -o compact` prints about an event, or what its subcommands for agent events and
// debug events do.
func observed(event *v1.Event) ([]byte, error) {
	out := &bytes.Buffer{}
	print := printer.New(printer.Compact(), printer.Writer(out), printer.WithColor("never"), printer.WithIPTranslation())
	var err error
	switch body := event.Event.(type) {
	case *flow.Flow:
		err = print.WriteProtoFlow(&observerpb.GetFlowsResponse{
			Time: event.Timestamp, ResponseTypes: &observerpb.GetFlowsResponse_Flow{Flow: body},
		})
	case *flow.LostEvent:
		err = print.WriteLostEvent(&observerpb.GetFlowsResponse{
			Time: event.Timestamp, ResponseTypes: &observerpb.GetFlowsResponse_LostEvents{LostEvents: body},
		})
	case *flow.AgentEvent:
		err = print.WriteProtoAgentEvent(&observerpb.GetAgentEventsResponse{Time: event.Timestamp, AgentEvent: body})
	case *flow.DebugEvent:
		err = print.WriteProtoDebugEvent(&observerpb.GetDebugEventsResponse{Time: event.Timestamp, DebugEvent: body})
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// quoted makes one line of a text that may have several.
func quoted(text []byte) []byte {
	out := &bytes.Buffer{}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(string(text)) // a string is JSON
	return out.Bytes()
}

// withoutStamp is a compact line without its time.
func withoutStamp(line []byte) []byte { return line[min(stampLength, len(line)):] }

// escaped is what Hubble prints with the control characters escaped that it prints as they are.
func escaped(line []byte) []byte {
	out := &bytes.Buffer{}
	for _, c := range string(line) {
		switch {
		case c == '\n':
			out.WriteString(`\n`)
		case c == '\t':
			out.WriteString(`\t`)
		case c < 0x20 || c >= 0x7f && c < 0xa0:
			out.WriteString(`\x`)
			out.WriteByte("0123456789abcdef"[c>>4])
			out.WriteByte("0123456789abcdef"[c&15])
		default:
			out.WriteRune(c)
		}
	}
	return out.Bytes()
}
