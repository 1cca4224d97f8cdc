package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// runFilters asks the real CLI each list of words about the same flows, and writes its answers, one a line: the number
// of flows and a hash of their positions, or its error.
func runFilters(args []string) error {
	var hubble, lists, flows, out string
	err := flags("filters", args, func(set *flag.FlagSet) {
		set.StringVar(&hubble, "hubble", "", "the hubble binary")
		set.StringVar(&lists, "lists", "", "file of word lists")
		set.StringVar(&flows, "flows", "", "file of flows in JSON")
		set.StringVar(&out, "out", "", "file of answers")
	})
	if err != nil {
		return err
	}
	positions, err := flowPositions(flows)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(lists)
	if err != nil {
		return err
	}
	var answers strings.Builder
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		answer, err := ask(hubble, flows, line, positions)
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		fmt.Fprintln(&answers, answer)
	}
	return os.WriteFile(out, []byte(answers.String()), 0o644)
}

type flowLine struct {
	Flow struct {
		UUID string `json:"uuid"`
	} `json:"flow"`
}

// flowPositions returns the line of each flow, from 1, by its UUID.
func flowPositions(path string) (map[string]int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	positions := map[string]int{}
	for line := range bytes.Lines(text) {
		var flow flowLine
		if err := json.Unmarshal(line, &flow); err != nil {
			return nil, err
		}
		positions[flow.Flow.UUID] = len(positions) + 1
	}
	return positions, nil
}

// ask runs the CLI with the words of a line, split by a shell.
func ask(hubble, flows, line string, positions map[string]int) (string, error) {
	script := `eval "set -- $1"; exec "$HUBBLE" observe --input-file "$FLOWS" -o json "$@"`
	cmd := exec.Command("bash", "-fc", script, "bash", line)
	cmd.Env = append(os.Environ(), "HUBBLE="+hubble, "FLOWS="+flows)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "error " + strconv.Quote(message(stderr.String())), nil
	}
	count := 0
	hash := sha256.New()
	scanner := bufio.NewScanner(&stdout)
	scanner.Buffer(nil, 1<<20)
	for ; scanner.Scan(); count++ {
		var flow flowLine
		if err := json.Unmarshal(scanner.Bytes(), &flow); err != nil {
			return "", err
		}
		fmt.Fprintln(hash, positions[flow.Flow.UUID])
	}
	return fmt.Sprintf("%d %x", count, hash.Sum(nil)[:8]), scanner.Err()
}

// message returns the error that the CLI printed, without log lines and help.
func message(stderr string) string {
	var lines []string
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "time=") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return strings.Join(lines, "\n")
}
