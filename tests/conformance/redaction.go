package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/url"
	"os"

	"github.com/cilium/cilium/pkg/hubble/parser"
	"github.com/cilium/cilium/pkg/hubble/parser/options"
	"github.com/cilium/cilium/pkg/labels"
	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
	"github.com/cilium/cilium/pkg/monitor/payload"
	"github.com/cilium/cilium/pkg/proxy/accesslog"
)

// redaction is a setting of hubble-redact-*, and the same as the key `redact` of tidegate's stages.
type redaction struct {
	TOML        string   `json:"redact"`
	Enabled     bool     `json:"-"`
	Query, User bool     `json:"-"`
	Kafka       bool     `json:"-"`
	Allow, Deny []string `json:"-"`
	// What Hubble says of each record that depends on the setting.
	Flows []redactedFlow `json:"flows"`
}

type redactedFlow struct {
	L7           json.RawMessage `json:"l7,omitempty"`
	TraceContext json.RawMessage `json:"trace_context,omitempty"`
	Summary      string          `json:"Summary,omitempty"`
}

var redactions = []redaction{
	{TOML: `{}`},
	{TOML: `{ enabled = false, http = { url_query = true, user_info = false, headers = { deny = ["Accept"] } }, kafka = { api_key = true } }`,
		Query: true, Kafka: true, Deny: []string{"Accept"}},
	{TOML: `{ enabled = true }`, Enabled: true, User: true},
	{TOML: `{ enabled = true, http = { user_info = false } }`, Enabled: true},
	{TOML: `{ enabled = true, http = { url_query = true } }`, Enabled: true, Query: true, User: true},
	{TOML: `{ enabled = true, http = { url_query = true, user_info = false, headers = { allow = ["ACCEPT", "x-request-id"] } } }`,
		Enabled: true, Query: true, Allow: []string{"ACCEPT", "x-request-id"}},
	{TOML: `{ enabled = true, http = { headers = { deny = ["accept", "Authorization", "absent"] } }, kafka = { api_key = true } }`,
		Enabled: true, User: true, Kafka: true, Deny: []string{"accept", "Authorization", "absent"}},
}

// runRedaction writes a stream of access-log records, and for each setting what Hubble makes of each of them.
func runRedaction(args []string) error {
	var stream, out string
	if err := flags("redaction", args, func(set *flag.FlagSet) {
		set.StringVar(&stream, "stream", "", "stream file to write")
		set.StringVar(&out, "out", "", "file for the settings, a JSON object each, with what Hubble says of the records")
	}); err != nil {
		return err
	}
	file, err := os.Create(stream)
	if err != nil {
		return err
	}
	defer file.Close()
	events := redactedRecords()
	if err := writeStream(file, events); err != nil {
		return err
	}
	lines, err := newLineFile(out)
	if err != nil {
		return err
	}
	for _, setting := range redactions {
		if err := setting.ask(events); err != nil {
			return err
		}
		if err := json.NewEncoder(lines).Encode(setting); err != nil {
			return err
		}
	}
	return lines.close()
}

// ask has a parser with the setting decode the events, in one go: a response takes its request's time and trace.
func (r *redaction) ask(events []payload.Payload) error {
	oracle, err := newOracle()
	if err != nil {
		return err
	}
	var opts []options.Option
	if r.Enabled {
		// As pkg/hubble/parser/cell/cell.go has it.
		opts = append(opts, options.WithRedact(r.Query, r.User, r.Kafka, r.Allow, r.Deny))
	}
	if oracle.parser, err = parser.New(quiet(), nil, nil, nil, nil, nil, nil, nil, opts...); err != nil {
		return err
	}
	for i := range events {
		var line struct{ Flow redactedFlow }
		if err := json.Unmarshal(oracle.answerTo(&events[i]).exported, &line); err != nil {
			return err
		}
		r.Flows = append(r.Flows, line.Flow)
	}
	return nil
}

func redactedRecords() (events []payload.Payload) {
	add := func(kind accesslog.FlowType, record accesslog.LogRecord) {
		record.Type, record.Timestamp, record.TransportProtocol = kind, "2026-03-01T10:00:00Z", 6
		record.ObservationPoint, record.Verdict = accesslog.Ingress, accesslog.VerdictForwarded
		record.SourceEndpoint = accesslog.EndpointInfo{IPv4: "10.0.1.5", Port: 40000, Identity: 4000, Labels: labels.LabelArray{}}
		record.DestinationEndpoint = accesslog.EndpointInfo{IPv4: "10.0.2.9", Port: 80, Identity: 5000, Labels: labels.LabelArray{}}
		events = append(events, sample(agentData(monitorAPI.MessageTypeAccessLog, record), 0))
	}
	for _, text := range []string{
		"http://shop/items?id=7&token=secret", "http://user:secret@shop:8080/a?b=c#d", "http://user@shop/#d", "http://:pass@shop/",
		"http://user:@shop/", "http://us%40er:p%3Aw@shop/", "http://shop/?", "http://shop/?#d", "http://shop?", "http://shop/a??b",
		"http://shop?a=b", "/relative?a=b#c", "/a%3Fb?c", "//user:secret@shop/a", "mailto:someone@shop?subject=x", "urn:a:b?c#d", "*", "",
		"?query=only", "#only", "http://[fd00::1]:80/a?b", "http://shop/a;b?c#d%20e", "http://shop/ü?ü=1#ü", "db:5432",
	} {
		parsed, err := url.Parse(text)
		if err != nil {
			parsed = &url.URL{Scheme: "db", Opaque: "5432"}
		}
		add(accesslog.TypeRequest, accesslog.LogRecord{HTTP: &accesslog.LogRecordHTTP{Method: "GET", URL: parsed, Protocol: "HTTP/1.1"}})
	}
	headers := http.Header{
		"Accept": {"text/html", "*/*"}, "Authorization": {"Bearer secret"}, "accept": {"lower"}, "X-Request-Id": {"id-1"}, "Empty": {""},
		"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, "Host": {"shop"}, ":authority": {"shop"},
	}
	shop, _ := url.Parse("http://user:secret@shop/a?b=c#d")
	for _, kind := range []accesslog.FlowType{accesslog.TypeRequest, accesslog.TypeResponse, accesslog.TypeSample} {
		add(kind, accesslog.LogRecord{HTTP: &accesslog.LogRecordHTTP{Code: 200, Method: "GET", URL: shop, Protocol: "HTTP/1.1", Headers: headers}})
		add(kind, accesslog.LogRecord{HTTP: &accesslog.LogRecordHTTP{Code: 200, Method: "GET", Protocol: "HTTP/1.1"}})
		for _, key := range []string{"produce", ""} {
			add(kind, accesslog.LogRecord{Kafka: &accesslog.LogRecordKafka{APIKey: key, APIVersion: 2, Topic: accesslog.KafkaTopic{Topic: "orders"}}})
		}
		add(kind, accesslog.LogRecord{L7: &accesslog.LogRecordL7{Proto: "r2d2", Fields: map[string]string{"cmd": "READ"}}})
	}
	return events
}
