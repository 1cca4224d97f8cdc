package main

import (
	"bufio"
	"bytes"
	"context"
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
	"github.com/cilium/cilium/pkg/hubble/parser/options"
	"github.com/cilium/cilium/pkg/monitor/payload"
	nodeTypes "github.com/cilium/cilium/pkg/node/types"

	v1 "github.com/cilium/cilium/pkg/hubble/api/v1"
)

// Hubble's inputs besides the event, fixed so that lines are comparable.
const nodeName = "node-a"

var (
	eventTime = time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.UTC)
	eventUUID = [16]byte{0x4f, 0x1c, 0x9d, 0x2e, 0x8a, 0x55, 0x4d, 0x0e, 0x9a, 0x6e, 0x2f, 0x6f, 0x1f, 0x0c, 0x7a, 0x11}
)

func runHubble(args []string) error {
	var in, out, compact, api string
	if err := flags("hubble", args, func(set *flag.FlagSet) {
		set.StringVar(&in, "stream", "", "stream file")
		set.StringVar(&out, "out", "", "file for the exporter's lines")
		set.StringVar(&compact, "compact", "", "file for the lines of hubble observe, quoted")
		set.StringVar(&api, "api", "", "file of the answers of the agent's API, for names")
	}); err != nil {
		return err
	}
	exported, err := newLineFile(out)
	if err != nil {
		return err
	}
	observed, err := newLineFile(compact)
	if err != nil {
		return err
	}
	oracle, err := newOracle()
	if err != nil {
		return err
	}
	if api != "" {
		if err := oracle.remember(api); err != nil {
			return err
		}
	}
	if err := readStream(in, func(_ int, event *payload.Payload) error {
		answer := oracle.answer(event)
		if oracle.memory != nil {
			if err := oracle.memory.observe(event); err != nil {
				return err
			}
		}
		observed.Write(quoted(answer.compact))
		_, err := exported.Write(answer.exported)
		return err
	}); err != nil {
		return err
	}
	fmt.Printf("lines of Hubble that depend on an earlier packet, taken without it: %d\n", oracle.stale)
	fmt.Printf("lines of Hubble that depend on bytes behind the captured packet, taken without them: %d\n", oracle.padded)
	return errors.Join(exported.close(), observed.close())
}

// lineFile is a file under construction.
type lineFile struct {
	*bufio.Writer
	file *os.File
}

func newLineFile(path string) (lineFile, error) {
	file, err := os.Create(path)
	return lineFile{bufio.NewWriter(file), file}, err
}

func (l lineFile) close() error { return errors.Join(l.Flush(), l.file.Close()) }

// answer is Hubble's result for an event: the exporter's line, or {"error": ...} if it writes none, and the line of
// hubble observe.
type answer struct{ exported, compact []byte }

func (a answer) equal(other answer) bool { return bytes.Equal(a.exported, other.exported) }

// oracle is Hubble from the monitor event to the exporter's line, without endpoints, names or services unless it has a
// memory of them.
type oracle struct {
	memory   *memory
	parser   *parser.Parser
	exporter exporter.FlowLogExporter
	written  *bytes.Buffer
	// Events for which Hubble's long-lived packet decoder returns data of an earlier packet.
	stale int
	// Events for which Hubble reads the perf ring's padding as part of the packet.
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
	return parser.New(quiet(), nil, nil, nil, nil, nil, nil, nil, options.WithSkipUnknownCGroupIDs(false))
}

// remember gives Hubble the memory of the agent whose API has these answers.
func (o *oracle) remember(api string) error {
	lists, err := readAnswers(api)
	if err != nil {
		return err
	}
	m, err := newMemory(lists)
	if err != nil {
		return err
	}
	o.memory = m
	o.parser, err = parser.New(quiet(), m, m, m, m.ipcache, m, m, m, options.WithSkipUnknownCGroupIDs(false))
	return err
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

func (o *oracle) line(event *payload.Payload) []byte { return o.answer(event).exported }

func (o *oracle) answer(event *payload.Payload) answer {
	if isPerfEvent(event) && deadlyAt(event.Data) >= 0 {
		return refused(errors.New("not given to Hubble, which might never return from it"))
	}
	whole := o.answerTo(event)
	if end := capturedEnd(event); end < len(event.Data) {
		captured := *event
		captured.Data = event.Data[:end:end]
		answer := o.answerTo(&captured)
		if !answer.equal(whole) {
			o.padded++
		}
		return answer
	}
	return whole
}

func (o *oracle) answerTo(event *payload.Payload) answer {
	decoded, err := monitorEvent(event)
	if err != nil {
		return refused(err)
	}
	answer := o.ask(o.parser, decoded)
	if isOverlay(event) {
		// The packet decoder reads the UDP payload of the last packet that had one. A new parser has none.
		if fresh, err := newParser(); err == nil {
			if independent := o.ask(fresh, decoded); !answer.equal(independent) {
				o.stale++
				answer = independent
			}
		}
	}
	return answer
}

func (o *oracle) ask(parser *parser.Parser, event *observer.MonitorEvent) answer {
	decoded, err := decode(parser, event)
	if err != nil {
		return refused(err)
	}
	return o.write(decoded)
}

func (o *oracle) write(decoded *v1.Event) answer {
	o.written.Reset()
	if err := o.exporter.Export(context.Background(), decoded); err != nil {
		return refused(fmt.Errorf("export: %w", err))
	}
	compact, err := observed(decoded)
	if err != nil {
		return refused(fmt.Errorf("observe: %w", err))
	}
	return answer{bytes.Clone(o.written.Bytes()), compact}
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

func refused(err error) answer {
	line, _ := json.Marshal(map[string]string{"error": err.Error()})
	return answer{exported: append(line, '\n')}
}
