package main

import (
	"runtime"
	"syscall"
	"time"
)

// cost is the cost of some work, garbage collection included.
type cost struct {
	// Events read by the peer, and flows produced.
	Events uint64 `json:"events"`
	Flows  uint64 `json:"flows"`
	// User and system time of all threads.
	CPUSeconds  float64 `json:"cpu_seconds"`
	Allocations uint64  `json:"allocations"`
	Bytes       uint64  `json:"bytes"`
	// Peak memory of the process, including before the work.
	PeakMiB float64 `json:"peak_mib"`
}

// spent is the cost of this process so far.
func spent() cost {
	var usage syscall.Rusage
	// It fails only for invalid arguments.
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return cost{
		CPUSeconds: cpu.Seconds(), Allocations: memory.Mallocs, Bytes: memory.TotalAlloc,
		PeakMiB: float64(usage.Maxrss) / 1024,
	}
}

// since is the cost of the work since before was taken.
func since(before cost, events, flows uint64) cost {
	after := spent()
	after.Events, after.Flows = events, flows
	after.CPUSeconds -= before.CPUSeconds
	after.Allocations -= before.Allocations
	after.Bytes -= before.Bytes
	return after
}

// add adds the cost of further work.
func (c *cost) add(more cost) {
	c.Events += more.Events
	c.Flows += more.Flows
	c.CPUSeconds += more.CPUSeconds
	c.Allocations += more.Allocations
	c.Bytes += more.Bytes
	c.PeakMiB = max(c.PeakMiB, more.PeakMiB)
}
