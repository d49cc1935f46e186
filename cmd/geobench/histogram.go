package main

import (
	"math/bits"
	"time"
)

// fineness is how many binary digits of a duration a histogram keeps: it is off by at most 1/64.
const fineness = 6

// histogram counts durations without memory for each. The zero value is empty.
type histogram struct {
	counts [(64 - fineness + 1) << fineness]int
	count  int
	most   time.Duration
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucket(uint64(max(d, 0)))]++
	h.count++
	h.most = max(h.most, d)
}

// bucket is the number itself as long as it is small, then its highest digits under how many there are.
func bucket(n uint64) int {
	shift := max(bits.Len64(n)-fineness-1, 0)
	return shift<<fineness + int(n>>shift)
}

// least is the smallest number of a bucket.
func least(bucket int) uint64 {
	shift := max(bucket>>fineness-1, 0)
	return uint64(bucket-shift<<fineness) << shift
}

// quantile is a duration that this share of all is not above, to the fineness.
func (h *histogram) quantile(share float64) time.Duration {
	rank := int(share * float64(h.count))
	for i, n := range h.counts {
		if rank -= n; rank < 0 {
			return time.Duration(least(i))
		}
	}
	return h.most
}

// spread is how long operations took, microseconds.
type spread struct {
	Ops   int     `json:"ops"`
	P50   float64 `json:"p50_us"`
	P9999 float64 `json:"p99_99_us"`
	Max   float64 `json:"max_us"`
}

func (h *histogram) spread() spread {
	us := func(d time.Duration) float64 { return float64(d) / 1e3 }
	return spread{h.count, us(h.quantile(0.5)), us(h.quantile(0.9999)), us(h.most)}
}
