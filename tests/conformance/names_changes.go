package main

import (
	"slices"

	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
)

// change is a pod that ends or starts, or an outside prefix that gets or loses its identity, as the agent announces it.
func (w *world) change() (events []situated) {
	announce := func(message monitorAPI.AgentNotifyMessage) {
		notify, err := message.ToJSON()
		if err != nil {
			panic(err) // these structs are JSON
		}
		events = append(events, situated{sample(agentData(monitorAPI.MessageTypeAgent, notify), 0), "announcement"})
	}
	switch w.weighted(5, 6, 2) {
	case 0:
		at := w.IntN(len(w.pods))
		if at > 0 && len(w.pods) > 60 {
			w.end(at, announce)
		}
	case 1:
		p := w.newPod(one(w.generator, w.apps...))
		if len(w.ended) > 0 && w.percent(30) {
			w.takeAddresses(p)
		}
		w.start(p, announce)
	default:
		p := one(w.generator, w.pods...)
		announce(monitorAPI.PolicyUpdateMessage(1, p.app.labels, 7))
	}
	return events
}

// takeAddresses gives a pod the addresses of one that ended on the same node.
func (w *world) takeAddresses(p *pod) {
	for at, ended := range w.ended {
		if ended.node == p.node {
			p.addresses = ended.addresses
			w.ended = slices.Delete(w.ended, at, at+1)
			return
		}
	}
}

func (w *world) start(p *pod, announce func(monitorAPI.AgentNotifyMessage)) {
	w.pods = append(w.pods, p)
	about := p.notified()
	if p.isLocal() {
		announce(monitorAPI.EndpointCreateMessage(about))
	}
	for _, address := range p.addresses {
		announce(monitorAPI.IPCacheUpsertedMessage(single(address).String(), p.app.identity, nil, p.node.AsSlice(), nil, 0, p.app.namespace, p.name))
	}
	if p.isLocal() {
		announce(monitorAPI.EndpointRegenMessage(about, nil))
	}
}

func (w *world) end(at int, announce func(monitorAPI.AgentNotifyMessage)) {
	p := w.pods[at]
	w.pods = slices.Delete(w.pods, at, at+1)
	w.ended = append(w.ended, p)
	if p.isLocal() {
		announce(monitorAPI.EndpointDeleteMessage(p.notified()))
	}
	for _, address := range p.addresses {
		announce(monitorAPI.IPCacheDeletedMessage(single(address).String(), p.app.identity, nil, p.node.AsSlice(), nil, 0, p.app.namespace, p.name))
	}
}

func (p *pod) notified() endpoint {
	return endpoint{id: uint64(p.endpoint), labels: p.app.labels, pod: p.name, namespace: p.app.namespace}
}
