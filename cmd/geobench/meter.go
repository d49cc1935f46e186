package main

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"syscall"
	"time"
)

// reading is what the process has used up. The zero value is of its start.
type reading struct {
	wall    time.Time
	cpu     time.Duration // of all threads, in user and kernel: what a cache does in the background counts as well
	objects uint64        // allocated
}

func read() reading {
	return reading{time.Now(), cpuTime(), metric("/gc/heap/allocs:objects")}
}

// sample is one measurement, per operation.
type sample struct {
	Wall   float64 `json:"wall_ns"`
	CPU    float64 `json:"cpu_ns"`
	Allocs float64 `json:"allocs"`
}

// since is what was used up after r, for each of n operations.
func since(r reading, n int) sample {
	now, each := read(), 1/float64(n)
	return sample{
		Wall:   float64(now.wall.Sub(r.wall)) * each,
		CPU:    float64(now.cpu-r.cpu) * each,
		Allocs: float64(now.objects-r.objects) * each,
	}
}

// medians is the median of each figure by itself: on a machine with other work the samples of one round may be good
// in one and bad in another.
func medians(samples []sample) sample {
	figure := func(of func(sample) float64) float64 {
		var all []float64
		for _, s := range samples {
			all = append(all, of(s))
		}
		return median(all)
	}
	return sample{
		Wall:   figure(func(s sample) float64 { return s.Wall }),
		CPU:    figure(func(s sample) float64 { return s.CPU }),
		Allocs: figure(func(s sample) float64 { return s.Allocs }),
	}
}

// median is the middle of the figures, the mean of the two in the middle of an even number, 0 of none.
func median(figures []float64) float64 {
	n := len(figures)
	if n == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(figures))
	return (s[(n-1)/2] + s[n/2]) / 2
}

// cpuTime is the CPU time of the process. Asking for one's own cannot fail.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func metric(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// liveHeap is the bytes of reachable objects. Twice, for what is freed by a finalizer.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	return metric("/memory/classes/heap/objects:bytes")
}

// restingHeap is the live heap once what was closed before has let go of it: a node does within its next tick, a quarter
// of a second, and until then the heap of the next contender would seem to shrink.
func restingHeap() uint64 {
	for heap := liveHeap(); ; {
		time.Sleep(300 * time.Millisecond)
		now := liveHeap()
		if now+now/100 >= heap {
			return now
		}
		heap = now
	}
}
