package geolru

import (
	"fmt"
	"testing"
)

// TestPeerThatCannotKeepUp: gossip to a peer behind a way that carries next to nothing overflows its queue. That is counted,
// batches wait longer for company, and when the way is free the two compare and both have everything.
func TestPeerThatCannotKeepUp(t *testing.T) {
	p := newPair(t, 50_000, 10)
	p.way.rate.Store(32 << 10)
	a := p.nodes[0].engine
	value := make([]byte, 15<<10) // four of them fill a batch, and are not announced
	for n := 0; a.Counters().Lost == 0; n += 64 {
		for k := range 64 {
			if err := p.c[0].Set(fmt.Sprintf("k%07d", n+k), value); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "gossip has taken it", func() bool { return p.c[0].mesh.Store().Waiting() == 0 })
	}
	if err := p.c[0].Set("last", payload); err != nil {
		t.Fatal(err)
	}
	eventually(t, "batches wait though they are taken", func() bool { return a.Counters().Wide > a.Counters().Congested })
	p.way.rate.Store(0)
	eventually(t, "they have compared", func() bool { return a.Counters().Doubts > 0 })
	eventually(t, "both have everything", p.equal)
	if _, ok := p.c[1].GetIfPresent("last"); !ok {
		t.Error("the last write is missing")
	}
}
