package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	v1 "github.com/cilium/cilium/pkg/hubble/api/v1"
	observer "github.com/cilium/cilium/pkg/hubble/observer/types"
	"github.com/cilium/cilium/pkg/hubble/parser"
	parserErrors "github.com/cilium/cilium/pkg/hubble/parser/errors"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
	"github.com/google/uuid"
)

// As in Retina: pkg/plugin/ciliumeventobserver and pkg/managers/pluginmanager/cells_linux.go of v1.2.6.
const (
	workers         = 2
	payloadChannel  = 10000
	externalChannel = 10000
)

var (
	errEmptyData  = errors.New("empty data")
	errRecordLost = errors.New("record lost for cilium event")
)

// ciliumEventObserver is Retina's plugin of that name, without its log and metrics.
type ciliumEventObserver struct {
	parser   *parser.Parser
	payloads chan *payload.Payload
	external chan *v1.Event
	refused  atomic.Uint64
}

// retina runs Retina's way of an event, from the socket's bytes to where its plugin hands flows to Hubble's observer.
// Unlike Retina, which drops what does not fit a channel, it waits for room: an event that is dropped costs nothing.
func retina(recording *os.File) (cost, error) {
	parse, err := newParser()
	if err != nil {
		return cost{}, err
	}
	c := &ciliumEventObserver{
		parser:   parse,
		payloads: make(chan *payload.Payload, payloadChannel),
		external: make(chan *v1.Event, externalChannel),
	}
	before := spent()
	events, flows, err := c.observe(context.Background(), recording)
	return since(before, events, flows), err
}

// observe runs the four goroutines and returns the numbers of payloads that came in and of flows that came out.
func (c *ciliumEventObserver) observe(ctx context.Context, recording *os.File) (events, flows uint64, err error) {
	var parsing, draining sync.WaitGroup
	for range workers {
		parsing.Go(func() { c.parserLoop(ctx) })
	}
	draining.Go(func() { flows = c.drain(ctx) })
	err = payloads(recording, func(event *payload.Payload) {
		events++
		select {
		case <-ctx.Done():
		case c.payloads <- event:
		}
	})
	close(c.payloads)
	parsing.Wait()
	close(c.external)
	draining.Wait()
	return events, flows, err
}

func (c *ciliumEventObserver) parserLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-c.payloads:
			if !open {
				return
			}
			decoded, err := c.decode(event)
			if err != nil {
				c.refused.Add(1)
				continue
			}
			select {
			case <-ctx.Done():
			case c.external <- decoded:
			}
		}
	}
}

// drain takes what Retina's daemon would hand to Hubble's observer, nil events of access logs included.
func (c *ciliumEventObserver) drain(ctx context.Context) (flows uint64) {
	for {
		select {
		case <-ctx.Done():
			return flows
		case event, open := <-c.external:
			if !open {
				return flows
			}
			if event != nil && event.GetFlow() != nil {
				flows++
			}
		}
	}
}

// decode is Retina's parser: perf events that have packets, and nothing else.
func (c *ciliumEventObserver) decode(event *payload.Payload) (*v1.Event, error) {
	switch event.Type {
	case payload.EventSample:
		if len(event.Data) == 0 {
			return nil, errEmptyData
		}
		monitorEvent := &observer.MonitorEvent{Timestamp: time.Now(), UUID: uuid.New()}
		switch event.Data[0] {
		case monitorAPI.MessageTypeAccessLog, monitorAPI.MessageTypeAgent:
			monitorEvent.Payload = &observer.AgentEvent{}
			return nil, nil
		case monitorAPI.MessageTypeDrop, monitorAPI.MessageTypeTrace, monitorAPI.MessageTypePolicyVerdict,
			monitorAPI.MessageTypeCapture:
			monitorEvent.Payload = &observer.PerfEvent{Data: event.Data, CPU: event.CPU}
			return c.parser.Decode(monitorEvent)
		default:
			return nil, parserErrors.ErrUnknownEventType
		}
	case payload.RecordLost:
		return nil, errRecordLost
	default:
		return nil, parserErrors.ErrUnknownEventType
	}
}
