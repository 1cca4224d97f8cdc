package main

import (
	"log/slog"
	"os"
	"runtime"
	"time"

	observer "github.com/cilium/cilium/pkg/hubble/observer/types"
	"github.com/cilium/cilium/pkg/hubble/parser"
	"github.com/cilium/cilium/pkg/hubble/testutils"
	"github.com/cilium/cilium/pkg/monitor"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
	"github.com/google/uuid"
)

// Payloads that are decoded before Hubble is asked about them: few, so that its garbage collector finds no more memory
// in use than in a running agent.
const block = 10000

// hubble runs Hubble's parser alone: what is done in front of it is not counted. Notifications of the agent are left out,
// since inside the agent they never were bytes.
func hubble(recording *os.File) (cost, error) {
	parse, err := newParser()
	if err != nil {
		return cost{}, err
	}
	var sum cost
	events := make([]observer.MonitorEvent, 0, block)
	if err := payloads(recording, func(event *payload.Payload) {
		if content := content(event); content != nil {
			events = append(events, observer.MonitorEvent{UUID: uuid.New(), Timestamp: time.Now(), Payload: content})
		}
		if len(events) == block {
			sum.add(parsing(parse, events))
			events = events[:0]
		}
	}); err != nil {
		return cost{}, err
	}
	sum.add(parsing(parse, events))
	return sum, nil
}

func parsing(parse *parser.Parser, events []observer.MonitorEvent) cost {
	runtime.GC()
	before := spent()
	var flows uint64
	for i := range events {
		if event, err := parse.Decode(&events[i]); err == nil && event.GetFlow() != nil {
			flows++
		}
	}
	return since(before, uint64(len(events)), flows)
}

// content is what the agent gives to Hubble for what it writes to the socket; nil for what is left out.
func content(event *payload.Payload) any {
	switch {
	case event.Type == payload.RecordLost:
		return &observer.LostEvent{
			Source: observer.LostEventSourcePerfRingBuffer, NumLostEvents: event.Lost, CPU: event.CPU,
		}
	case event.Type != payload.EventSample || len(event.Data) == 0 || event.Data[0] == monitorAPI.MessageTypeAgent:
		return nil
	case event.Data[0] == monitorAPI.MessageTypeAccessLog:
		var record monitor.LogRecordNotify
		if record.Decode(event.Data) != nil {
			return nil
		}
		return &observer.AgentEvent{Type: monitorAPI.MessageTypeAccessLog, Message: record.LogRecord}
	default:
		return &observer.PerfEvent{Data: event.Data, CPU: event.CPU}
	}
}

// newParser makes the parser that Retina makes, which knows no endpoints, identities, names or services.
func newParser() (*parser.Parser, error) {
	return parser.New(slog.Default().With("cilium", "parser"),
		&testutils.NoopEndpointGetter,
		&testutils.NoopIdentityGetter,
		&testutils.NoopDNSGetter,
		&testutils.NoopIPGetter,
		&testutils.NoopServiceGetter,
		&testutils.NoopLinkGetter,
		&testutils.NoopPodMetadataGetter,
	)
}
