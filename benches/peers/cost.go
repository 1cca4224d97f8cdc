package main

import (
	"runtime"
	"syscall"
	"time"
)

// cost is what some work took from the machine, garbage collection included.
type cost struct {
	// Events that the peer was given, and what it made of them.
	Events uint64 `json:"events"`
	Flows  uint64 `json:"flows"`
	// User and system time of all threads.
	CPUSeconds  float64 `json:"cpu_seconds"`
	Allocations uint64  `json:"allocations"`
	Bytes       uint64  `json:"bytes"`
	// The process's peak, whatever was done before the work began.
	PeakMiB float64 `json:"peak_mib"`
}

// spent is the cost of this process so far.
func spent() cost {
	var usage syscall.Rusage
	// It fails only for arguments that are not these.
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return cost{
		CPUSeconds: cpu.Seconds(), Allocations: memory.Mallocs, Bytes: memory.TotalAlloc,
		PeakMiB: float64(usage.Maxrss) / 1024,
	}
}

// since is the cost of the work that began when before was spent.
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
