package replica_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
)

// originAt is the origin of a key's version at a node.
func (m *mesh) originAt(i int, key string) crdt.Origin {
	return m.caches[i].Store().Known(key).Version.Origin
}

// Somebody knows numbers of a node that it never gave: a copy of the process, or a liar. It takes another origin, and
// what it writes is lost to nobody.
func TestAClonedOriginIsLeft(t *testing.T) {
	m := newMesh(t, 3)
	m.set(0, "before", "v")
	m.Run(time.Second)
	old := m.originAt(0, "before")
	m.caches[1].MarkSeen(crdt.Dot{Origin: old, Seq: 50}, m.caches[0].Store().Known("before").Version.Time)
	m.Run(20 * time.Second)
	m.Links.Loss = 0.5
	for i := range 100 { // past the numbers that node 1 claims to have seen
		m.set(0, fmt.Sprint("after", i), "v")
		m.Run(10 * time.Millisecond)
	}
	m.Links.Loss = 0
	m.Run(time.Minute)
	if got := m.originAt(0, "after0"); got == old {
		t.Fatal("it writes under the origin that another has")
	}
	for i := range 3 {
		for _, key := range []string{"before", "after0", "after99"} {
			m.want(i, key, "v", 0)
		}
		if n := m.caches[i].Store().Len(); n != 101 {
			t.Fatalf("node %d has %d of 101", i, n)
		}
	}
	moved := m.moved()
	m.Run(10 * time.Minute)
	if n := m.moved() - moved; n > 0 {
		t.Fatalf("%d records moved between nodes that have all", n)
	}
	m.caches[1].MarkSeen(crdt.Dot{Origin: m.originAt(0, "after0"), Seq: 1 << 40}, m.caches[0].Store().Known("after0").Version.Time)
	have := 0
	m.Run(20 * time.Second)
	m.set(0, "again", "v")
	m.caches[0].Await(2, func(n int) { have = n })
	if !m.Until(time.Minute, func() bool { return have == 2 }) {
		t.Fatalf("%d have what was written under a third origin", have)
	}
}
