package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/cilium/cilium/pkg/labels"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/proxy/accesslog"
)

// accessLog is a proxy's record as the agent sends it. The source's identity is the mark.
func (g *generator) accessLog(mark uint32) []byte {
	record := accesslog.LogRecord{
		Type:                one(g, accesslog.TypeRequest, accesslog.TypeResponse, accesslog.TypeSample),
		Timestamp:           g.timestamp(),
		NodeAddressInfo:     accesslog.NodeAddressInfo{IPv4: "192.0.2.1", IPv6: "fd00::1"},
		ObservationPoint:    one(g, accesslog.Ingress, accesslog.Egress),
		SourceEndpoint:      g.endpointInfo(),
		DestinationEndpoint: g.endpointInfo(),
		IPVersion:           one(g, accesslog.VersionIPv4, accesslog.VersionIPV6),
		Verdict: one(g, accesslog.VerdictForwarded, accesslog.VerdictDenied, accesslog.VerdictError,
			accesslog.VerdictRedirected),
		Info:              g.text(),
		Metadata:          g.texts(),
		TransportProtocol: one(g, accesslog.TransportProtocol(6), 6, 17, 17, 132),
	}
	record.SourceEndpoint.Identity = uint64(mark)
	if g.percent(20) {
		record.ServiceInfo = &accesslog.ServiceInfo{Name: g.text(), IPPort: accesslog.IPPort{IP: "10.96.0.10", Port: g.uint16()}}
	}
	g.oddRecord(&record)
	g.protocol(&record)
	if record.HTTP != nil && (record.IPVersion > accesslog.VersionIPV6 || record.DestinationEndpoint.IPv4 == "not valid \xff") {
		// Hubble crashes before it could remember the request, or writes nothing of it.
		record.HTTP.Headers = nil
	}
	return agentData(monitorAPI.MessageTypeAccessLog, record)
}

// oddRecord seldom gives the record values that no proxy sends.
func (g *generator) oddRecord(record *accesslog.LogRecord) {
	if !g.percent(12) {
		return
	}
	switch g.IntN(10) {
	case 0:
		record.Type = accesslog.FlowType(one(g, "", "request", "Other"))
	case 1:
		record.ObservationPoint = accesslog.ObservationPoint(one(g, "", "ingress"))
	case 2:
		record.Verdict = accesslog.FlowVerdict(one(g, "", "denied"))
	case 3:
		record.IPVersion = one(g, 2, accesslog.IPVersion(g.byte()))
	case 4:
		record.TransportProtocol = one(g, 0, 1, 58, 0x106, accesslog.TransportProtocol(g.uint16()))
	case 5:
		record.DestinationEndpoint.ID = g.Uint64()
		record.DestinationEndpoint.Identity = g.Uint64() &^ (3 << 29)
	case 6:
		record.Timestamp = g.oddTimestamp()
	case 7:
		record.DestinationEndpoint.IPv4 = "not valid \xff"
	case 8:
		record.SourceEndpoint.IPv4, record.SourceEndpoint.IPv6 = g.oddAddress(), g.oddAddress()
	case 9:
		// No proxy writes two.
		record.HTTP, record.DNS = g.http(record.Type), g.dns()
		record.HTTP.Headers = nil
		if g.percent(50) {
			record.Kafka, record.L7 = g.kafka(), &accesslog.LogRecordL7{Proto: "r2d2", Fields: g.fields()}
		}
	}
}

// oddAddress is a text that Hubble copies, though it is not how Go would write an address, or none.
func (g *generator) oddAddress() string {
	return one(g, "", "::", "0.0.0.0", "::ffff:192.0.2.1", "::ffff:c000:201", "FD00::1", "fd00:0:0::1", "fe80::1%eth0", "localhost",
		"192.0.2.1/32", "192.0.2.01", "256.1.1.1", " 192.0.2.1", "fd00::192.0.2.1", "1", "::1:0:0:0:0:0:0")
}

// oddTimestamp is one that other readers of RFC 3339 than Go's may see otherwise.
func (g *generator) oddTimestamp() string {
	return one(g, "", "yesterday", "2026-03-01T10:00:00", "2026-02-30T10:00:00Z", "2026-03-01T25:00:00Z", "2026-03-01T10:00:00.Z",
		"2026-03-01T1:00:00Z", "2026-03-01T10:00:00+0100", "2026-03-01T10:00:60Z", "2026-03-01T10:00:00,5Z", "2026-03-01t10:00:00z",
		"2026-03-01 10:00:00Z", "2026-03-01T10:00:00.1234567891Z", "2026-03-01T10:00:00+24:00", "2026-03-01T10:00:00+25:00",
		"2026-03-01T10:00:00+23:60", "2026-03-01T10:00:00-00:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
		"0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z",
		"-001-01-01T00:00:00Z", "1969-12-31T23:59:59.9Z", "1600-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-3-01T10:00:00Z",
		"2026-03-01T24:00:00Z", "2026-03-01T10:00Z", "2026-03-01T10:00:00Z ", "2026-03-01T10:00:00[UTC]", "2026-03-01T10:00:00Z[UTC]",
		"20260301T100000Z", "2026-03-01T10:00:00+01", "2026-03-01T10:00:00.5+05:30", "2026-03-01T10:00:00.000000000000000000001Z")
}

func (g *generator) timestamp() string {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(g.Int64N(int64(time.Minute))))
	if g.percent(10) {
		at = at.In(time.FixedZone("", one(g, 3600, -5*3600-1800)))
	}
	return at.Format(time.RFC3339Nano)
}

func (g *generator) endpointInfo() accesslog.EndpointInfo {
	info := accesslog.EndpointInfo{ID: uint64(g.uint16()), Port: g.uint16(), Identity: uint64(g.identity())}
	if g.percent(90) {
		info.IPv4 = netip.AddrFrom4([4]byte(g.ipv4Address())).String()
		info.IPv6 = g.peerIPv6().String()
	}
	known := []labels.Label{
		labels.NewLabel("app", "cart", "k8s"), labels.NewLabel("io.cilium.k8s.policy.cluster", "east", "k8s"),
		labels.NewLabel("io.cilium.k8s.policy.cluster", "elsewhere", "any"), labels.NewLabel("world", "", "reserved"),
		labels.NewLabel("10.0.0.0/8", "", "cidr"), labels.NewLabel("0.0.0.0/0", "", "cidr"), labels.NewLabel("", "", ""),
		labels.NewLabel("x", "y", ""), labels.NewLabel("<&>", "\"", "container"), labels.NewLabel("a.b", "", "any"),
	}
	for range g.IntN(5) {
		info.Labels = append(info.Labels, one(g, known...))
	}
	return info
}

// peerIPv6 is the address of an endpoint: neither unspecified nor IPv4 in disguise.
func (g *generator) peerIPv6() netip.Addr {
	for {
		address := netip.AddrFrom16([16]byte(g.ipv6Address()))
		if !address.IsUnspecified() && !address.Is4In6() {
			return address
		}
	}
}

// protocol sets at most one of the protocols, as all of Cilium's proxies do.
func (g *generator) protocol(record *accesslog.LogRecord) {
	if record.HTTP != nil {
		return
	}
	switch g.weighted(45, 41, 6, 6, 2) {
	case 0:
		record.HTTP = g.http(record.Type)
	case 1:
		record.DNS = g.dns()
	case 2:
		record.Kafka = g.kafka()
	case 3:
		record.L7 = &accesslog.LogRecordL7{Proto: one(g, "r2d2", g.text()+"!"), Fields: g.fields()}
	default:
	}
}

func (g *generator) kafka() *accesslog.LogRecordKafka {
	return &accesslog.LogRecordKafka{
		ErrorCode: one(g, 0, 0, 29, -1, 1<<40), APIVersion: int16(g.IntN(20) - 1), APIKey: one(g, "produce", "fetch", g.text()),
		CorrelationID: int32(g.Uint32()), Topic: accesslog.KafkaTopic{Topic: g.text()},
	}
}

func (g *generator) fields() map[string]string {
	if g.percent(20) {
		return nil
	}
	fields := map[string]string{}
	for range g.IntN(4) {
		fields[g.text()] = g.text()
	}
	return fields
}

func (g *generator) http(flowType accesslog.FlowType) *accesslog.LogRecordHTTP {
	record := &accesslog.LogRecordHTTP{
		Method:   one(g, "GET", "GET", "POST", "DELETE", "", g.text()),
		URL:      g.url(),
		Protocol: one(g, "HTTP/1.1", "HTTP/2", "HTTP/1", "Unknown", ""),
		Headers:  g.headers(),
	}
	switch {
	case flowType == accesslog.TypeSample:
		record.Code = one(g, 200, 0, -1, 1<<33+200)
	case flowType == accesslog.TypeResponse || g.percent(10):
		record.Code = one(g, 200, 204, 301, 404, 503, 0)
	}
	if g.percent(30) {
		record.MissingHeaders, record.RejectedHeaders = http.Header{}, http.Header{"X-Bad": {"1"}}
	}
	return record
}

// url is what a proxy would make of a request: parsed from text, or put together.
func (g *generator) url() *url.URL {
	if g.percent(5) {
		return nil
	}
	if composed := g.composedURL(); g.percent(15) && reads(composed) {
		return composed
	}
	texts := []string{
		"http://api.shop/items?limit=10&page=2", "https://user:secret@host:8443/path#part", "http://user@host/",
		"http://[fd00::1]:8080/v6", "/relative/path", "*", "", "http://host/a%2Fb/c%20d?q=%zz", "http://host/sp ace",
		"mailto:someone@example.com", "//host/path", "http://host?", "http://host/?#", "http://host/a//b/../c",
		"http://user:@host/", "http://:pass@host/", "http://us%40er:p%3Aw@host/", "http://host/ü/😀?ü=1#ü",
		"http://host/<tag>&\"quote\"", "HTTP://HOST/Upper", "http://[fe80::1%25eth0]/zone", "a:b:c", "./a:b", "http://h/%41",
		"http://host/path;params?x=1;y=2", "http://host:0/", "http://1.2.3.4:80", "urn:isbn:123?x=y#z", "?query=only", "#only",
		"http://host/[brackets]?[q]#[f]", "http://host/a^b|c`d{e}", "http://host/%00", "http://ho%20st/",
	}
	parsed, err := url.Parse(one(g, texts...))
	if err != nil {
		return &url.URL{Scheme: "http", Host: "unparsed", Path: "/"}
	}
	return parsed
}

// reads tells whether a client of the socket can read the URL: gob carries it as text.
func reads(composed *url.URL) bool {
	_, err := url.Parse(composed.String())
	return err == nil
}

func (g *generator) composedURL() *url.URL {
	composed := &url.URL{
		Scheme: one(g, "http", "https", ""), Host: one(g, "api.shop", "api.shop:8080", "", "fd00::1", "ho st"),
		Path: one(g, "/items", "items", "", "//double", "/a b", "/ü", "/a%b", "/a?b#c"), RawQuery: one(g, "", "a=b&c=d", "a b", "%zz"),
		Fragment: one(g, "", "part", "a b"), ForceQuery: g.percent(5),
	}
	if g.percent(30) {
		composed.User = one(g, url.User("user"), url.UserPassword("user", "secret"), url.UserPassword("u:s@r", ""), url.User(""))
	}
	return composed
}

// headers come from few request ids, so that responses find their requests.
func (g *generator) headers() http.Header {
	if g.percent(10) {
		return nil
	}
	headers := http.Header{}
	if g.percent(60) {
		headers[one(g, "X-Request-Id", "X-Request-Id", "X-Request-Id", "x-request-id")] = []string{fmt.Sprintf("id-%d", g.IntN(40))}
	}
	if g.percent(40) {
		headers[one(g, "Traceparent", "Traceparent", "traceparent")] = []string{g.traceparent()}
	}
	if g.percent(10) {
		headers["Tracestate"] = []string{one(g, "a=b", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "not valid", "a=b,a=c")}
	}
	for range g.IntN(4) {
		headers.Add(one(g, "Accept", "User-Agent", "B", "a", ":authority"), g.text())
	}
	if g.percent(5) {
		headers["Empty"] = nil
	}
	return headers
}

func (g *generator) traceparent() string {
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	return one(g, "00-"+trace+"-"+span+"-01", "00-"+trace+"-"+span+"-01", "00-"+trace+"-"+span+"-00",
		"00-00000000000000000000000000000000-"+span+"-01", "00-"+trace+"-0000000000000000-01", "ff-"+trace+"-"+span+"-01",
		"01-"+trace+"-"+span+"-01-extra", "00-"+trace+"-"+span+"-01-extra", "00-"+trace+"-"+span, "", "garbage",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-"+span+"-01", "cc-"+trace+"-"+span+"-09", "00-"+trace+"-"+span+"-03",
		" 00-"+trace+"-"+span+"-01 ", "00-"+trace+"-"+span+"-0g", "000-"+trace+"-"+span+"-01")
}

func (g *generator) dns() *accesslog.LogRecordDNS {
	record := &accesslog.LogRecordDNS{
		Query:             one(g, "api.example.com.", "kube-dns.kube-system.svc.cluster.local.", ".", "", g.text()),
		TTL:               one(g, 0, 30, g.Uint32()),
		ObservationSource: one(g, accesslog.DNSSourceProxy, accesslog.DNSSourceStandaloneProxy, "", "other"),
		RCode:             one(g, 0, 0, 0, 3, g.IntN(26), 256, -1, 1<<33),
		QTypes:            g.recordTypes(),
		AnswerTypes:       g.recordTypes(),
	}
	for range g.IntN(4) {
		record.IPs = append(record.IPs, g.answer())
	}
	for range g.weighted(5, 2, 1) {
		record.CNAMEs = append(record.CNAMEs, one(g, "edge.example.net.", g.text()))
	}
	return record
}

func (g *generator) answer() netip.Addr {
	v4, v6 := netip.AddrFrom4([4]byte(g.ipv4Address())), netip.AddrFrom16([16]byte(g.ipv6Address()))
	if g.percent(3) {
		return one(g, netip.Addr{}, v6.WithZone("eth0"), v6.WithZone("a zone, \"quoted\""))
	}
	return one(g, v4, v6)
}

func (g *generator) recordTypes() (types []uint16) {
	for range g.weighted(2, 10, 3, 1) {
		types = append(types, one(g, 1, 28, 5, 33, uint16(g.IntN(70)), 255, 256, 257, 41, g.uint16()))
	}
	return types
}
