// Command conformance compares tidegate with Hubble itself: the parser and the exporter of Cilium v1.19.4.
//
// Each command is one step of ./run: gen writes a monitor stream with Cilium's own types, hubble writes what Hubble
// exports for each of its events, compare joins that with the output of tidegate. serve serves a stream on a unix
// socket as Cilium's agent does, show prints one event's bytes. redaction and filters write the golden data of these names.
package main

import (
	"flag"
	"fmt"
	"os"
)

type verb struct {
	about string
	run   func(args []string) error
}

var verbs = map[string]verb{
	"gen":       {"write a seeded monitor stream", runGen},
	"hubble":    {"write Hubble's line for each event of a stream", runHubble},
	"serve":     {"serve a stream on a unix socket", runServe},
	"upstream":  {"make a stream of what upstream's tests gave to Hubble's parsers", runUpstream},
	"compare":   {"compare Hubble's lines with tidegate's", runCompare},
	"names-gen": {"write the answers of an agent's API, and a stream of its traffic", runNamesGen},
	"show":      {"print the bytes of one event", runShow},

	"filters":   {"write what hubble observe answers to lists of words", runFilters},
	"redaction": {"write access-log records, and what Hubble makes of them with each setting of hubble-redact-*", runRedaction},
}

func main() {
	if len(os.Args) < 2 || verbs[os.Args[1]].run == nil {
		fmt.Fprintln(os.Stderr, "usage: conformance <verb> [flags]")
		for name, verb := range verbs {
			fmt.Fprintf(os.Stderr, "  %-8s %s\n", name, verb.about)
		}
		os.Exit(2)
	}
	if err := verbs[os.Args[1]].run(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// flags parses the flags of a command, which declare adds to the set.
func flags(verb string, args []string, declare func(*flag.FlagSet)) error {
	set := flag.NewFlagSet(verb, flag.ContinueOnError)
	declare(set)
	return set.Parse(args)
}
