package main

import (
	"bufio"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/cilium/cilium/pkg/monitor/payload"
)

// writeStream writes events as one gob session, which is what a client of monitor1_2.sock reads.
func writeStream(w io.Writer, events []payload.Payload) error {
	encoder := gob.NewEncoder(w)
	for i := range events {
		if err := events[i].EncodeBinary(encoder); err != nil {
			return err
		}
	}
	return nil
}

// readStream hands every event of a stream file to visit.
func readStream(path string, visit func(index int, event *payload.Payload) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := gob.NewDecoder(bufio.NewReader(file))
	for index := 0; ; index++ {
		var event payload.Payload
		if err := event.DecodeBinary(decoder); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("event %d: %w", index, err)
		}
		if err := visit(index, &event); err != nil {
			return err
		}
	}
}

func readEvents(path string) (events []payload.Payload, err error) {
	err = readStream(path, func(_ int, event *payload.Payload) error {
		events = append(events, *event)
		return nil
	})
	return events, err
}

func runShow(args []string) error {
	var path string
	var wanted int
	if err := flags("show", args, func(set *flag.FlagSet) {
		set.StringVar(&path, "stream", "", "stream file")
		set.IntVar(&wanted, "event", 0, "number of the event, from 0")
	}); err != nil {
		return err
	}
	return readStream(path, func(index int, event *payload.Payload) error {
		if index == wanted {
			fmt.Printf("type %d cpu %d lost %d\n%s\n", event.Type, event.CPU, event.Lost, hex.EncodeToString(event.Data))
		}
		return nil
	})
}
