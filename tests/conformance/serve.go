package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"unsafe"

	"github.com/cilium/cilium/api/v1/models"
	"github.com/cilium/cilium/pkg/monitor/agent"
	"github.com/cilium/cilium/pkg/monitor/agent/consumer"
	"github.com/cilium/cilium/pkg/monitor/agent/listener"
	"github.com/cilium/cilium/pkg/monitor/payload"
)

// runServe offers a stream to one client as Cilium's agent does, with the agent's own code (pkg/monitor/agent): its
// accept loop, its listener with the queue and the goroutine that drains it, its gob session. What is not Cilium's:
// the path of the socket, the queue is as long as the stream so that nothing is dropped, and the connection ends
// with the stream.
func runServe(args []string) error {
	var path, socket, api, apiSocket string
	if err := flags("serve", args, func(set *flag.FlagSet) {
		set.StringVar(&path, "stream", "", "stream file")
		set.StringVar(&socket, "listen", "", "path of the unix socket")
		set.StringVar(&api, "api", "", "file of the answers of the agent's API; the stream begins when they have been read")
		set.StringVar(&apiSocket, "api-listen", "", "path of the API's unix socket")
	}); err != nil {
		return err
	}
	events, err := readEvents(path)
	if err != nil {
		return err
	}
	unix, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	served := &servedAgent{events: events, done: make(chan struct{}), ready: func() {}}
	if api != "" {
		if served.ready, err = serveAnswers(api, apiSocket); err != nil {
			return err
		}
	}
	server := &monitorServer{logger: quiet(), listener: lingeringListener{unix}, monitor: served}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go connectionHandler(unsafe.Pointer(server), ctx, len(events)+1)
	<-served.done
	return nil
}

// connectionHandler is the loop that Cilium's ServeMonitorAPI starts; it accepts clients and makes a listener of each.
// ServeMonitorAPI itself has a fixed path.
//
//go:linkname connectionHandler github.com/cilium/cilium/pkg/monitor/agent.(*server).connectionHandler1_2
func connectionHandler(server unsafe.Pointer, ctx context.Context, queueSize int)

// monitorServer is pkg/monitor/agent's server (v1.19.4), which is not exported.
type monitorServer struct {
	logger   *slog.Logger
	listener net.Listener
	monitor  agent.Agent
}

// servedAgent gives every event to the listener of the first client.
type servedAgent struct {
	events []payload.Payload
	// Returns when the client may have the events.
	ready func()
	done  chan struct{}
	once  sync.Once
}

func (s *servedAgent) RegisterNewListener(client listener.MonitorListener) {
	if client.Version() != listener.Version1_2 {
		panic(fmt.Sprintf("a listener of version %s", client.Version()))
	}
	s.ready()
	for i := range s.events {
		client.Enqueue(&s.events[i])
	}
	// Ends the queue. The connection lingers until the queue is drained.
	client.Close()
}

// RemoveListener is called by the listener when its queue is drained or its client is gone.
func (s *servedAgent) RemoveListener(client listener.MonitorListener) {
	client.Close()
	s.once.Do(func() { close(s.done) })
}

func (*servedAgent) AttachToEventsMap(int) error                  { return nil }
func (*servedAgent) SendEvent(int, any) error                     { return nil }
func (*servedAgent) RegisterNewConsumer(consumer.MonitorConsumer) {}
func (*servedAgent) RemoveConsumer(consumer.MonitorConsumer)      {}
func (*servedAgent) State() *models.MonitorStatus                 { return nil }

// lingeringListener accepts connections that stay open until the process ends: Cilium's listener closes its
// connection together with its queue, with whatever is in it.
type lingeringListener struct{ net.Listener }

func (l lingeringListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	return lingering{connection}, err
}

type lingering struct{ net.Conn }

func (lingering) Close() error { return nil }
