package main

import (
	"math"
	"slices"
)

// verdict is a policy on all traces. Points are of means over the sizes of a trace.
type verdict struct {
	alone     []float64 // points above LRU, by trace
	worstPair float64   // at one size of one trace
	peer      []float64 // points above LRU, by trace and workload with a peer
	fresh     float64   // the least share kept, in percent
	crowd     float64   // the same beside a peer
}

func (r *policyReport) verdict(name string) verdict {
	v := verdict{fresh: 100, crowd: 100}
	for i := range r.Traces {
		t := &r.Traces[i]
		for _, c := range cuts() {
			points := t.above(name, c)
			if c == alone {
				v.alone, v.worstPair = append(v.alone, mean(points)), min(v.worstPair, slices.Min(points))
			} else {
				v.peer = append(v.peer, mean(points))
			}
		}
		kept, _ := t.kept(name, alone)
		beside, _ := t.kept(name, crowd)
		v.fresh, v.crowd = min(v.fresh, slices.Min(kept)), min(v.crowd, slices.Min(beside))
	}
	return v
}

// What a policy must do to take the place of LRU.
const (
	mustWin  = 5. / 6 // of the traces
	mayLose  = 1      // points on a trace
	mustKeep = 95     // percent of fresh writes
	tie      = 0.005  // points that are no win: they round to nothing
)

func (v verdict) wins() (n int) {
	for _, points := range v.alone {
		if points >= tie {
			n++
		}
	}
	return n
}

func (v verdict) holds() bool {
	return v.wins() >= int(math.Ceil(mustWin*float64(len(v.alone)))) && slices.Min(v.alone) >= -mayLose && v.fresh >= mustKeep
}
