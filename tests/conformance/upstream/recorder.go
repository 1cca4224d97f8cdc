//go:build ignore

// Package recorder writes down what upstream's tests give to Hubble's parsers and what these answer. ../upstream.sh
// lays it over Cilium's module; it is no part of the package around it.
package recorder

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
)

type record struct {
	// Package of the test, and what was asked.
	Test, Parser string
	Data         []byte
	CPU          int
	// The answer as a message of protobuf.
	Answer []byte
	Error  string
}

var lock sync.Mutex

// Bytes records data as the perf ring has it.
func Bytes(parser string, data []byte, cpu int, answer proto.Message, err error) {
	if !testing.Testing() || os.Getenv("CONFORMANCE_RECORD") == "" {
		return
	}
	folder, _ := os.Getwd()
	_, folder, _ = strings.Cut(folder, "/pkg/")
	made := record{Test: "pkg/" + folder + " " + filepath.Base(os.Args[0]), Parser: parser, Data: data, CPU: cpu}
	if err != nil {
		made.Error = err.Error()
	} else {
		// Marshalling leaves more marks in a message than cloning.
		made.Answer, _ = proto.Marshal(proto.Clone(answer))
	}
	line, _ := json.Marshal(made)
	lock.Lock()
	defer lock.Unlock()
	file, failed := os.OpenFile(os.Getenv("CONFORMANCE_RECORD"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if failed != nil {
		panic(failed)
	}
	defer file.Close()
	if _, failed := file.Write(append(line, '\n')); failed != nil {
		panic(failed)
	}
}

// Gob records an event of the agent as it sends it to sockets.
func Gob(parser string, messageType byte, event any, answer proto.Message, err error) {
	data := bytes.NewBuffer([]byte{messageType})
	if gob.NewEncoder(data).Encode(event) == nil {
		Bytes(parser, data.Bytes(), 0, answer, err)
	}
}
