package main

import (
	"bytes"
	"encoding/gob"
	"errors"
	"net"
	"time"

	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
)

// agentData is the data that Cilium's agent sends for one of its own events: the type, then a gob stream.
func agentData(messageType byte, event any) []byte {
	data := bytes.NewBuffer([]byte{messageType})
	if err := gob.NewEncoder(data).Encode(event); err != nil {
		panic(err) // only a type that gob cannot have would do this
	}
	return data.Bytes()
}

// endpoint answers what Cilium's constructors of notifications ask an endpoint.
type endpoint struct {
	id             uint64
	labels         []string
	pod, namespace string
}

func (e endpoint) GetID() uint64           { return e.id }
func (e endpoint) GetID16() uint16         { return uint16(e.id) }
func (e endpoint) GetOpLabels() []string   { return e.labels }
func (e endpoint) GetK8sPodName() string   { return e.pod }
func (e endpoint) GetK8sNamespace() string { return e.namespace }

func (g *generator) agentNotification(mark uint32) []byte {
	message := g.agentMessage(mark)
	notify, err := message.ToJSON()
	if err != nil {
		panic(err) // these structs are JSON
	}
	return agentData(monitorAPI.MessageTypeAgent, notify)
}

func (g *generator) agentMessage(mark uint32) monitorAPI.AgentNotifyMessage {
	switch g.IntN(10) {
	case 0:
		return monitorAPI.StartMessage(time.Unix(int64(g.Uint32()), one(g, 0, 120_000_000, int64(g.IntN(1e9)))))
	case 1:
		return monitorAPI.PolicyUpdateMessage(g.IntN(20)-2, g.texts(), one(g, 0, g.Uint64()))
	case 2:
		return monitorAPI.PolicyDeleteMessage(g.IntN(20), g.texts(), one(g, 0, g.Uint64()))
	case 3:
		return monitorAPI.EndpointRegenMessage(g.endpoint(), nil)
	case 4:
		return monitorAPI.EndpointRegenMessage(g.endpoint(), errors.New(g.text()))
	case 5:
		return monitorAPI.EndpointCreateMessage(g.endpoint())
	case 6:
		return monitorAPI.EndpointDeleteMessage(g.endpoint())
	case 7, 8:
		create := one(g, monitorAPI.IPCacheUpsertedMessage, monitorAPI.IPCacheDeletedMessage)
		return create(g.text(), g.Uint32(), g.oldIdentity(), g.hostIP(), g.hostIP(), g.byte(), g.text(), g.text())
	default:
		message := map[string]any{"id": mark, "text": g.text()}
		unknown := one(g, monitorAPI.AgentNotifyUnspec, monitorAPI.AgentNotifyGeneric, 11, 12, 13, 4_000_000_000)
		return monitorAPI.AgentNotifyMessage{Type: unknown, Notification: message}
	}
}

func (g *generator) endpoint() endpoint {
	return endpoint{id: one(g, 0, uint64(g.uint16()), g.Uint64()), labels: g.texts(), pod: g.text(), namespace: g.text()}
}

func (g *generator) oldIdentity() *uint32 {
	if g.percent(50) {
		return nil
	}
	identity := g.identity()
	return &identity
}

func (g *generator) hostIP() net.IP {
	return one(g, nil, net.IP(g.ipv4Address()), net.IP(g.ipv6Address()))
}

// text is a name or something that is hard to print in JSON.
func (g *generator) text() string {
	return one(g, "", "default", "k8s:app=cart", "a<b>&c", "quote\" back\\slash", "tab\t newline\n", "\u2028\u2029",
		"\x00\x01\x1f\x7f", "ünïcödé 😀", "10.0.0.0/8", "fd00::/64", "very/long-name_with.everything:in=it")
}

func (g *generator) texts() []string {
	if g.percent(20) {
		return nil
	}
	texts := make([]string, g.IntN(4))
	for i := range texts {
		texts[i] = g.text()
	}
	return texts
}
