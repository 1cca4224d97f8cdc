// Command peers processes a recording of the monitor socket as Go programs on that socket do, and prints the cost as a
// line of JSON. See README.md.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// A peer processes a recording and returns the cost.
type peer func(recording *os.File) (cost, error)

var peers = map[string]peer{"retina": retina, "hubble": hubble, "gob": gobAlone}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 || peers[args[0]] == nil {
		return fmt.Errorf("usage: peers retina|hubble|gob RECORDING")
	}
	recording, err := os.Open(args[1])
	if err != nil {
		return err
	}
	defer recording.Close()
	cost, err := peers[args[0]](recording)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(cost)
}
