package main

import (
	"net/netip"
	"net/url"

	"github.com/cilium/cilium/pkg/labels"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/proxy/accesslog"
)

// namedRecord is a proxy's record, with the names that the proxy knows.
func (w *world) namedRecord() situated {
	if w.percent(50) {
		return w.dnsRecord()
	}
	from, to, situation := w.sides()
	record := w.record(from, to, accesslog.Ingress, 6)
	if w.percent(80) {
		shop := &url.URL{Scheme: "http", Host: "api.shop", Path: "/items"}
		record.HTTP = &accesslog.LogRecordHTTP{Code: 200, Method: "GET", URL: shop, Protocol: "HTTP/1.1"}
	} else {
		record.Kafka = &accesslog.LogRecordKafka{APIKey: "produce", Topic: accesslog.KafkaTopic{Topic: "orders"}}
	}
	return situated{sample(agentData(monitorAPI.MessageTypeAccessLog, record), 0), situation}
}

// dnsRecord is a query of a local pod, or the answer, which names addresses for later events.
func (w *world) dnsRecord() situated {
	client := w.podSide(w.percent(30), (*pod).isLocal)
	server := w.podSide(client.address.Is6(), func(p *pod) bool { return p.address(client.address.Is6()).Is6() == client.address.Is6() })
	server.port = 53
	from, to, kind := client, server, accesslog.TypeRequest
	if w.percent(60) && !w.silent {
		from, to, kind = server, client, accesslog.TypeResponse
	}
	record := w.record(from, to, accesslog.Egress, 17)
	record.Type = kind
	record.DNS = &accesslog.LogRecordDNS{
		Query: one(w.generator, dnsNames...), ObservationSource: accesslog.DNSSourceProxy, QTypes: []uint16{1}, RCode: one(w.generator, 0, 0, 0, 3),
	}
	situation := "DNS query"
	if kind == accesslog.TypeResponse {
		situation = "DNS answer"
		record.Verdict = accesslog.VerdictForwarded
		record.DNS.TTL = uint32(one(w.generator, 30, 300, 3600))
		if record.DNS.RCode == 0 {
			for _, address := range w.resolved(client.endpoint) {
				record.DNS.IPs = append(record.DNS.IPs, netip.MustParseAddr(address))
			}
			record.DNS.AnswerTypes = []uint16{1}
		}
	}
	return situated{sample(agentData(monitorAPI.MessageTypeAccessLog, record), 0), situation}
}

func (w *world) record(from, to side, point accesslog.ObservationPoint, protocol accesslog.TransportProtocol) accesslog.LogRecord {
	record := accesslog.LogRecord{
		Type:      one(w.generator, accesslog.TypeRequest, accesslog.TypeResponse),
		Timestamp: "2026-03-01T10:00:00Z", ObservationPoint: point, TransportProtocol: protocol,
		NodeAddressInfo: accesslog.NodeAddressInfo{IPv4: ownNode.String(), IPv6: ownNode6.String()},
		Verdict:         one(w.generator, accesslog.VerdictForwarded, accesslog.VerdictForwarded, accesslog.VerdictDenied),
		SourceEndpoint:  from.info(), DestinationEndpoint: to.info(), IPVersion: accesslog.VersionIPv4,
	}
	if from.address.Is6() {
		record.IPVersion = accesslog.VersionIPV6
	}
	return record
}

func (s side) info() accesslog.EndpointInfo {
	info := accesslog.EndpointInfo{
		ID: uint64(s.endpoint), Identity: uint64(s.identity), Port: s.port, Labels: labels.NewLabelsFromModel(s.labels).LabelArray(),
	}
	if s.address.Is4() {
		info.IPv4 = s.address.String()
	} else {
		info.IPv6 = s.address.String()
	}
	return info
}
