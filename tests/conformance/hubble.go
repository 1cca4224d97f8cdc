package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/cilium/cilium/pkg/hubble/exporter"
	observer "github.com/cilium/cilium/pkg/hubble/observer/types"
	"github.com/cilium/cilium/pkg/hubble/parser"
	"github.com/cilium/cilium/pkg/monitor"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
	nodeTypes "github.com/cilium/cilium/pkg/node/types"

	v1 "github.com/cilium/cilium/pkg/hubble/api/v1"
)

// What Hubble takes from its surroundings, the same for every event so that lines compare.
const nodeName = "node-a"

var (
	eventTime = time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.UTC)
	eventUUID = [16]byte{0x4f, 0x1c, 0x9d, 0x2e, 0x8a, 0x55, 0x4d, 0x0e, 0x9a, 0x6e, 0x2f, 0x6f, 0x1f, 0x0c, 0x7a, 0x11}
)

func runHubble(args []string) error {
	var in, out string
	if err := flags("hubble", args, func(set *flag.FlagSet) {
		set.StringVar(&in, "stream", "", "stream file")
		set.StringVar(&out, "out", "", "file for the lines")
	}); err != nil {
		return err
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewWriter(file)
	oracle, err := newOracle()
	if err != nil {
		return err
	}
	if err := readStream(in, func(_ int, event *payload.Payload) error {
		_, err := lines.Write(oracle.line(event))
		return err
	}); err != nil {
		return err
	}
	fmt.Printf("lines of Hubble that depend on an earlier packet, taken without it: %d\n", oracle.stale)
	fmt.Printf("lines of Hubble that depend on bytes behind the captured packet, taken without them: %d\n", oracle.padded)
	return lines.Flush()
}

// oracle is Hubble from the monitor event to the exporter's line, knowing no endpoints, names or services.
type oracle struct {
	parser   *parser.Parser
	exporter exporter.FlowLogExporter
	written  *bytes.Buffer
	// Events for which Hubble's long-lived packet decoder answers with left-overs of an earlier packet.
	stale int
	// Events for which Hubble takes the perf ring's padding for a part of the packet.
	padded int
}

func newOracle() (*oracle, error) {
	nodeTypes.SetName(nodeName)
	written := &bytes.Buffer{}
	export, err := exporter.NewExporter(quiet(), exporter.WithNewWriterFunc(func() (io.WriteCloser, error) {
		return unclosed{written}, nil
	}))
	if err != nil {
		return nil, err
	}
	parse, err := newParser()
	return &oracle{parser: parse, exporter: export, written: written}, err
}

func newParser() (*parser.Parser, error) {
	return parser.New(quiet(), nil, nil, nil, nil, nil, nil, nil)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// line is what Hubble's exporter writes for the event, or {"error": ...} where it writes nothing.
func (o *oracle) line(event *payload.Payload) []byte {
	if isPerfEvent(event) && deadlyAt(event.Data) >= 0 {
		return errorLine(errors.New("not given to Hubble, which might never return from it"))
	}
	whole := o.lineOf(event)
	if end := capturedEnd(event); end < len(event.Data) {
		captured := *event
		captured.Data = event.Data[:end:end]
		line := o.lineOf(&captured)
		if !bytes.Equal(line, whole) {
			o.padded++
		}
		return line
	}
	return whole
}

// capturedEnd is where the captured packet ends in an event's data by the header's own count.
func capturedEnd(event *payload.Payload) int {
	end := len(event.Data)
	if header := headerLength(event); header > 0 && header <= end {
		end = min(end, header+int(binary.LittleEndian.Uint16(event.Data[offsetCapLen:])))
	}
	return end
}

// headerLength is the length of an event's header before its packet, or 0.
func headerLength(event *payload.Payload) int {
	data := event.Data
	if event.Type != payload.EventSample || len(data) <= offsetVersion+1 {
		return 0
	}
	lengths := map[byte][]int{
		monitorAPI.MessageTypeDrop: {36, 36, 40, 48}, monitorAPI.MessageTypeTrace: {32, 48, 56},
	}[data[0]]
	switch version := int(data[offsetVersion]); {
	case data[0] == monitorAPI.MessageTypePolicyVerdict:
		return 40
	case data[0] == monitorAPI.MessageTypeCapture:
		return 24
	case version < len(lengths):
		return lengths[version]
	default:
		return 0
	}
}

// deadlyAt is where an event has what may be a multipath TCP option of a kind above 8 and of length 0, or -1. gopacket
// 1.5 reads such an option for ever and takes all memory. It is looked for anywhere, so it may be something else.
func deadlyAt(data []byte) int {
	for at := 0; at+2 < len(data); at++ {
		if data[at] == 30 && data[at+1] == 0 && data[at+2] >= 0x90 {
			return at
		}
	}
	return -1
}

// defuse changes what Hubble might never return from.
func defuse(data []byte) {
	for at := deadlyAt(data); at >= 0; at = deadlyAt(data) {
		data[at+1] = 1
	}
}

func (o *oracle) lineOf(event *payload.Payload) []byte {
	decoded, err := monitorEvent(event)
	if err != nil {
		return errorLine(err)
	}
	line := o.exported(o.parser, decoded)
	if isOverlay(event) {
		// The packet decoder reads the UDP payload of whichever packet last had one. A new parser has none.
		if fresh, err := newParser(); err == nil {
			if independent := o.exported(fresh, decoded); !bytes.Equal(line, independent) {
				o.stale++
				line = independent
			}
		}
	}
	return line
}

func (o *oracle) exported(parser *parser.Parser, event *observer.MonitorEvent) []byte {
	decoded, err := decode(parser, event)
	if err != nil {
		return errorLine(err)
	}
	o.written.Reset()
	if err := o.exporter.Export(context.Background(), decoded); err != nil {
		return errorLine(fmt.Errorf("export: %w", err))
	}
	return bytes.Clone(o.written.Bytes())
}

// decode is Decode, with a panic as an error: some access-log records crash Hubble.
func decode(parser *parser.Parser, event *observer.MonitorEvent) (decoded *v1.Event, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = fmt.Errorf("panic: %v", crash)
		}
	}()
	return parser.Decode(event)
}

func errorLine(err error) []byte {
	line, _ := json.Marshal(map[string]string{"error": err.Error()})
	return append(line, '\n')
}

func isPerfEvent(event *payload.Payload) bool {
	return event.Type == payload.EventSample && len(event.Data) > 0 && event.Data[0] < monitorAPI.MessageTypeAccessLog
}

func isOverlay(event *payload.Payload) bool {
	switch data := event.Data; {
	case event.Type != payload.EventSample || len(data) < 37:
		return false
	case data[0] == monitorAPI.MessageTypeDrop:
		return data[36]&0x0c != 0
	case data[0] == monitorAPI.MessageTypeTrace:
		return data[27]&0x0c != 0
	default:
		return false
	}
}

// monitorEvent is what Hubble's consumer (pkg/hubble/monitor/consumer.go) makes of what the agent sends to sockets.
func monitorEvent(event *payload.Payload) (*observer.MonitorEvent, error) {
	content, err := eventContent(event)
	return &observer.MonitorEvent{
		UUID: eventUUID, Timestamp: eventTime, NodeName: "default/" + nodeName, Payload: content,
	}, err
}

func eventContent(event *payload.Payload) (any, error) {
	switch {
	case event.Type == payload.RecordLost:
		return &observer.LostEvent{
			Source: observer.LostEventSourcePerfRingBuffer, NumLostEvents: event.Lost, CPU: event.CPU,
		}, nil
	case event.Type != payload.EventSample:
		return nil, fmt.Errorf("payload type %d", event.Type)
	case len(event.Data) > 0 && event.Data[0] == monitorAPI.MessageTypeAccessLog:
		var record monitor.LogRecordNotify
		err := record.Decode(event.Data)
		return &observer.AgentEvent{Type: monitorAPI.MessageTypeAccessLog, Message: record.LogRecord}, err
	case len(event.Data) > 0 && event.Data[0] == monitorAPI.MessageTypeAgent:
		message, err := agentMessage(event.Data)
		return &observer.AgentEvent{Type: monitorAPI.MessageTypeAgent, Message: message}, err
	default:
		return &observer.PerfEvent{Data: event.Data, CPU: event.CPU}, nil
	}
}

// agentMessage turns the text that sockets get back into the message that Hubble gets inside the agent.
func agentMessage(data []byte) (message monitorAPI.AgentNotifyMessage, err error) {
	var notify monitorAPI.AgentNotify
	if err := notify.Decode(data); err != nil {
		return message, err
	}
	message.Type = notify.Type
	switch notify.Type {
	case monitorAPI.AgentNotifyStart:
		message.Notification, err = fromJSON[monitorAPI.TimeNotification](notify.Text)
	case monitorAPI.AgentNotifyEndpointRegenerateSuccess, monitorAPI.AgentNotifyEndpointRegenerateFail:
		message.Notification, err = fromJSON[monitorAPI.EndpointRegenNotification](notify.Text)
	case monitorAPI.AgentNotifyPolicyUpdated, monitorAPI.AgentNotifyPolicyDeleted:
		message.Notification, err = fromJSON[monitorAPI.PolicyUpdateNotification](notify.Text)
	case monitorAPI.AgentNotifyEndpointCreated, monitorAPI.AgentNotifyEndpointDeleted:
		message.Notification, err = fromJSON[monitorAPI.EndpointNotification](notify.Text)
	case monitorAPI.AgentNotifyIPCacheUpserted, monitorAPI.AgentNotifyIPCacheDeleted:
		message.Notification, err = fromJSON[monitorAPI.IPCacheNotification](notify.Text)
	default:
		message.Notification = json.RawMessage(notify.Text)
	}
	return message, err
}

func fromJSON[T any](text string) (value T, err error) {
	err = json.Unmarshal([]byte(text), &value)
	return value, err
}
