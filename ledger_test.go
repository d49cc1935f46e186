package geolru

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
)

// ledger follows what is written to the replicas of a cache, and judges what is read. Not safe for concurrent use: one
// goroutine writes and reads, while replicas do among themselves what they do.
type ledger struct {
	t             *testing.T
	began         time.Time
	writes, reads int
	// wrote is every version that was written: of each key the winner is the highest.
	wrote map[string]map[crdt.Version]write
	seen  []map[string]crdt.Version // by node: the newest it has shown, which it may not fall behind again
}

// write is a value, which no other write has, or its deletion: "".
type write struct {
	value    string
	deadline int64 // Unix milliseconds
}

func newLedger(t *testing.T, nodes int) *ledger {
	l := &ledger{t: t, began: time.Now(), wrote: map[string]map[crdt.Version]write{}, seen: make([]map[string]crdt.Version, nodes)}
	for i := range l.seen {
		l.seen[i] = map[string]crdt.Version{}
	}
	return l
}

func (l *ledger) put(node int, c *Cache[string], key string, ttl time.Duration) {
	l.t.Helper()
	l.writes++
	value := fmt.Sprintf("%d by node %d", l.writes, node)
	if err := c.SetTTL(key, value, ttl); err != nil {
		l.t.Fatal(err)
	}
	l.book(node, c, key, value)
}

func (l *ledger) remove(node int, c *Cache[string], key string) {
	l.t.Helper()
	l.writes++
	if err := c.Delete(key); err != nil {
		l.t.Fatal(err)
	}
	l.book(node, c, key, "")
}

// book notes the version that a write got, unless another node's is above it by now: then it has lost anyway.
func (l *ledger) book(node int, c *Cache[string], key, value string) {
	l.t.Helper()
	r := c.table.Known(key)
	if c.mesh.Writer(r.Version.Origin) == c.node.host.Self() {
		if l.wrote[key] == nil {
			l.wrote[key] = map[crdt.Version]write{}
		}
		l.wrote[key][r.Version] = write{value, r.Deadline}
	}
	l.judge(node, key, r)
}

// look reads a key and judges what is there.
func (l *ledger) look(node int, c *Cache[string], key string) {
	l.t.Helper()
	l.reads++
	value, r, ok := c.table.Peek(key, time.Now().UnixMilli())
	if !ok {
		l.judge(node, key, c.table.Known(key))
		return
	}
	if w := l.wrote[key][r.Version]; w.value != value || w.deadline != r.Deadline {
		l.t.Errorf("node %d reads %q of %s until %d; as version %v was written %v", node, value, key, r.Deadline, r.Version, w)
	}
	l.judge(node, key, r)
}

// judge checks that a node does not fall behind what it has shown, its own writes among it.
func (l *ledger) judge(node int, key string, r crdt.Register) {
	l.t.Helper()
	if seen := l.seen[node][key]; r.Version.Less(seen) {
		l.t.Errorf("node %d has %v of %s (%v), and had %v", node, r.Version, key, r.Kind, seen)
	}
	l.seen[node][key] = r.Version
}

// settled tells whether every replica has the winner of every key, if it lives still, and nothing else.
func (l *ledger) settled(replicas []*Cache[string]) bool {
	want := map[string]string{}
	for key, all := range l.wrote {
		var top crdt.Version
		for v := range all {
			if top.Less(v) {
				top = v
			}
		}
		if w := all[top]; w.value != "" && w.deadline > time.Now().UnixMilli() {
			want[key] = w.value
		}
	}
	for _, c := range replicas {
		if !maps.Equal(maps.Collect(c.All()), want) {
			return false
		}
	}
	return true
}
