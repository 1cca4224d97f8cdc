#!/usr/bin/env bash
# Runs the tests of Hubble's own packages with parsers that record what they are given and what they answer, and
# gives the same to tidegate. See README.md.
set -euo pipefail

tidegate=${1:?usage: upstream.sh TIDEGATE [WORK DIRECTORY]}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=${2:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)

# A copy of what the tests need of Cilium's module, to be changed.
module=$(cd "$here" && go mod download github.com/cilium/cilium && go list -m -f '{{.Dir}}' github.com/cilium/cilium)
rm -rf "$work/cilium" && mkdir "$work/cilium"
(cd "$module" && cp -r --no-preserve=mode api hubble operator pkg test go.mod go.sum "$work/cilium")
parser=$work/cilium/pkg/hubble/parser

# Renames a function of a parser, so that another can stand before it. It asks twice where it can: to look into a
# message leaves marks in it, which tests that compare whole structs would notice.
wrap() {
    local package=$1 before=$2 after=$3 wrapper=$4
    sed -i "s/^func $before(/func $after(/" "$parser/$package/parser.go"
    printf 'package %s\n%s\n' "$package" "$wrapper" >"$parser/$package/recorded.go"
}
imports='import (
	flowpb "github.com/cilium/cilium/api/v1/flow"
	"github.com/cilium/cilium/pkg/hubble/parser/recorder"
'
for package in threefour sock; do
    wrap $package '(p \*Parser) Decode' '(p *Parser) unrecorded' "$imports)
func (p *Parser) Decode(data []byte, decoded *flowpb.Flow) error {
	again := &flowpb.Flow{}
	recorder.Bytes(\"$package\", data, 0, again, p.unrecorded(data, again))
	return p.unrecorded(data, decoded)
}"
done
wrap debug '(p \*Parser) Decode' '(p *Parser) unrecorded' "$imports)
func (p *Parser) Decode(data []byte, cpu int) (*flowpb.DebugEvent, error) {
	event, err := p.unrecorded(data, cpu)
	recorder.Bytes(\"debug\", data, cpu, event, err)
	return p.unrecorded(data, cpu)
}"
wrap seven '(p \*Parser) Decode' '(p *Parser) unrecorded' "$imports
	\"github.com/cilium/cilium/pkg/proxy/accesslog\"
)
func (p *Parser) Decode(r *accesslog.LogRecord, decoded *flowpb.Flow) error {
	err := p.unrecorded(r, decoded)
	if r != nil {
		recorder.Gob(\"seven\", 129, *r, decoded, err)
	}
	return err
}"
wrap agent NotifyMessageToProto unrecorded "$imports
	monitorAPI \"github.com/cilium/cilium/pkg/monitor/api\"
)
func NotifyMessageToProto(message monitorAPI.AgentNotifyMessage) *flowpb.AgentEvent {
	if notify, err := message.ToJSON(); err == nil {
		recorder.Gob(\"agent\", 130, notify, unrecorded(message), nil)
	}
	return unrecorded(message)
}"
mkdir "$parser/recorder"
sed '/^\/\/go:build ignore$/d' "$here/upstream/recorder.go" >"$parser/recorder/recorder.go"

rm -f "$work/recorded.jsonl"
(cd "$work/cilium" && CONFORMANCE_RECORD="$work/recorded.jsonl" go test -count=1 -vet=off \
    ./pkg/hubble/parser ./pkg/hubble/parser/{agent,debug,seven,sock,threefour}) >"$work/go-test.log" 2>&1 || {
    grep -a "^--- FAIL\|^FAIL\|^panic\|\.go:" "$work/go-test.log" | cut -c1-200 | head -50 >&2
    exit 1
}
"$here/run" --recorded "$work/recorded.jsonl" --tidegate "$tidegate" --keep "$work"
