package main

import (
	"encoding/gob"
	"errors"
	"io"
	"os"

	"github.com/cilium/cilium/pkg/monitor/payload"
)

// gobAlone decodes payloads, as every client of the monitor socket in Go begins, and does nothing with them.
func gobAlone(recording *os.File) (cost, error) {
	before := spent()
	var events uint64
	err := payloads(recording, func(*payload.Payload) { events++ })
	return since(before, events, 0), err
}

// payloads hands each payload of a recording to visit. The decoder reads the file as it would the connection: through
// a buffer of its own.
func payloads(recording *os.File, visit func(*payload.Payload)) error {
	decoder := gob.NewDecoder(recording)
	for {
		var event payload.Payload
		if err := event.DecodeBinary(decoder); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		visit(&event)
	}
}
