package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	observer "github.com/cilium/cilium/pkg/hubble/observer/types"
	"github.com/cilium/cilium/pkg/monitor"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
	nodeTypes "github.com/cilium/cilium/pkg/node/types"
)

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
		UUID: eventUUID, Timestamp: eventTime, NodeName: nodeTypes.GetAbsoluteNodeName(), Payload: content,
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
