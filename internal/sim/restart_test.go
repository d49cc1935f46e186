package sim_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/store"
)

const (
	kept       = "c.snapshot"
	soundSeeds = 40 // worlds of TestRestartsAreSound
)

// lives is a world whose nodes have disks, and one cache each that comes back from there.
type lives struct {
	*sim.World
	oracle   *sim.Oracle
	options  []replica.Options
	caches   []*replica.Cache
	disks    []*sim.Disk
	restored int // restarts that found a snapshot and took it
	bend     func(i int, s *store.Snapshot)
}

func newLives(seed uint64, ttl time.Duration, options ...replica.Options) *lives {
	w := sim.New(seed)
	l := &lives{World: w, oracle: sim.NewOracle(w, ttl.Milliseconds()), bend: func(int, *store.Snapshot) {}}
	for i, o := range options {
		o.Name, o.TTL, o.Hash = "c", ttl, hash
		l.options, l.disks, l.caches = append(l.options, o), append(l.disks, &sim.Disk{}), append(l.caches, nil)
		w.Add(fmt.Sprint("region-", i%2))
		l.open(i)
	}
	return l
}

func (l *lives) title(i int) snapshot.Title {
	return snapshot.Title{Cluster: "mesh", Cache: "c", TTL: l.options[i].TTL.Milliseconds()}
}

// open opens the cache of a node with what is on its disk.
func (l *lives) open(i int) {
	n, o := l.Nodes()[i], l.options[i]
	o.Restore = func(fill func(*store.Snapshot) error) {
		switch err := snapshot.Read(l.disks[i], kept, l.title(i), n.Now()/1e6, fill); {
		case err == nil:
			l.restored++
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, snapshot.ErrOld):
			panic(err) // a simulated disk does not lie
		}
	}
	c, err := n.Engine.Open(o)
	if err != nil {
		panic(err)
	}
	l.caches[i] = c
	l.oracle.AttachRestored(n, c)
}

// save writes a snapshot of a node; during is called between any two records of it.
func (l *lives) save(i int, during func()) {
	s, seen := l.caches[i].Snapshot()
	t := l.title(i)
	t.Created = seen
	records := s.Records
	s.Records = func(yield func(store.Record[[]byte], error) bool) {
		records(func(r store.Record[[]byte], err error) bool {
			during()
			return yield(r, err)
		})
	}
	l.bend(i, s)
	if err := snapshot.Write(l.disks[i], kept, t, s); err != nil {
		panic(err)
	}
}

func (l *lives) crash(i int) {
	n := l.Nodes()[i]
	n.Crash()
	l.oracle.Detach(n)
	l.disks[i].Crash(l.Rand)
}

func (l *lives) start(i int) {
	l.Nodes()[i].Start()
	l.open(i)
}

func (l *lives) set(i int, key, value string) {
	l.oracle.Set(l.Nodes()[i], key, replica.BlobOf([]byte(value)), l.options[i].TTL.Milliseconds())
}

// act does one thing on a node that lives, drawn from the world's own randomness.
func (l *lives) act(i int) {
	r, n, c := l.Rand, l.Nodes()[i], l.caches[i]
	key := fmt.Sprint("k", r.IntN(6))
	switch p := r.IntN(20); {
	case p < 7:
		l.oracle.Read(n, key)
	case p < 13:
		l.oracle.Set(n, key, replica.BlobOf(fmt.Append(nil, r.IntN(1000))), 1+r.Int64N(l.options[i].TTL.Milliseconds()))
	case p < 17:
		l.oracle.Delete(n, key)
	case p < 18:
		l.oracle.Ask(n, key, func(bool) {})
	case p < 19:
		c.Store().Touch(key, l.options[i].TTL.Milliseconds())
	case r.IntN(4) == 0:
		c.Store().Clear()
	}
}

// step lets something happen somewhere. While a snapshot is written, the world goes on.
func (l *lives) step() {
	r, i := l.Rand, l.Rand.IntN(len(l.caches))
	n := l.Nodes()[i]
	switch p := r.IntN(100); {
	case !n.Up() && p < 50:
		l.start(i)
	case !n.Up():
	case p < 80:
		l.act(i)
	case p < 88:
		l.save(i, func() {
			for range r.IntN(3) {
				l.act(i)
				l.Run(time.Duration(r.Int64N(int64(200 * time.Millisecond))))
			}
		})
	case p < 94:
		l.crash(i)
	case p < 96:
		groups := make([]int, len(l.caches))
		for j := range groups {
			groups[j] = r.IntN(2)
		}
		l.Cut(groups...)
	case p < 98:
		l.Heal()
	default:
		l.Run(time.Duration(r.Int64N(int64(l.options[i].TTL))))
	}
	l.Run(time.Duration(r.Int64N(int64(2 * time.Second))))
}

// settle ends all faults and lets rounds pass, with reads of everything in between.
func (l *lives) settle() {
	l.Heal()
	l.Links.Loss = 0
	for i, n := range l.Nodes() {
		if !n.Up() {
			l.start(i)
		}
	}
	for range 8 {
		l.Run(30 * time.Second)
		for k := range 6 {
			for _, n := range l.Nodes() {
				l.oracle.Read(n, fmt.Sprint("k", k))
			}
		}
	}
	l.oracle.Settled()
}

// world is one seed's life: nodes that crash and come back from a snapshot that may be of long ago, with capacities and
// rings so small that every rule is needed.
func world(seed uint64, bend func(*lives)) *lives {
	draw := sim.New(seed).Rand
	ttl := []time.Duration{time.Minute, 10 * time.Minute, 2 * time.Hour}[draw.IntN(3)]
	var options []replica.Options
	for range 2 + draw.IntN(3) {
		options = append(options, replica.Options{Capacity: 1 + draw.IntN(12), Ghosts: 1 + draw.IntN(8), Tombstones: 1 + draw.IntN(8)})
	}
	l := newLives(seed, ttl, options...)
	bend(l)
	l.Links = sim.Links{
		Delay: []time.Duration{1, 20, 400}[draw.IntN(3)] * time.Millisecond, Jitter: time.Duration(draw.IntN(3000)) * time.Millisecond,
		Loss: []float64{0, 0.1, 0.6}[draw.IntN(3)],
	}
	for range 50 + draw.IntN(250) {
		l.step()
	}
	l.settle()
	return l
}

// TestRestartsAreSound: no read is older than what its node has seen or a snapshot told it, whatever was kept, however
// old, whatever went on while it was written; and in the end all agree.
func TestRestartsAreSound(t *testing.T) {
	restored := 0
	for seed := range uint64(soundSeeds) {
		l := world(seed, func(*lives) {})
		if len(l.oracle.Faults) > 0 {
			t.Fatalf("seed %d: %v", seed, l.oracle.Faults[:min(3, len(l.oracle.Faults))])
		}
		restored += l.restored
	}
	if restored < soundSeeds {
		t.Fatalf("only %d restarts from a snapshot", restored)
	}
}

// narrow is a small directed world: node 0, cut off, has deleted "x", which node 1 still holds, and dies with a snapshot.
// While that is written, after "z" is read and before what else there is, during may act on node 0.
func narrow(bend func(i int, l *lives, s *store.Snapshot), during func(*lives)) *lives {
	l := newLives(1, time.Hour, replica.Options{Capacity: 10, Tombstones: 1}, replica.Options{Capacity: 10})
	l.bend = func(i int, s *store.Snapshot) { bend(i, l, s) }
	l.Run(time.Second)
	for _, key := range []string{"x", "y", "z"} {
		l.set(0, key, "old")
		l.Run(time.Second)
	}
	l.Cut(0, 1)
	l.oracle.Delete(l.Nodes()[0], "x")
	l.Run(time.Minute)
	l.read() // so that the oracle knows the dot of what is going to be lost
	first := true
	l.save(0, func() {
		if first {
			first = false
			during(l)
			l.Run(time.Second)
		}
	})
	l.read()
	l.crash(0)
	l.Run(time.Minute)
	l.start(0)
	l.read()
	l.Heal()
	for range 60 {
		l.Run(time.Second)
		l.read()
	}
	l.oracle.Settled()
	return l
}

func (l *lives) read() {
	for _, n := range l.Nodes() {
		for _, key := range []string{"x", "y", "z"} {
			l.oracle.Read(n, key)
		}
	}
}

func faithful(int, *lives, *store.Snapshot) {}
func quiet(*lives)                          {}

// deleting pushes the tombstone of "x" out before it is read, and lays one on "z", which was read.
func deleting(l *lives) { l.oracle.Delete(l.Nodes()[0], "z") }

func TestDeletesAroundASnapshot(t *testing.T) {
	for _, during := range []func(*lives){quiet, deleting} {
		l := narrow(faithful, during)
		for i, c := range l.caches {
			if got := get(l.Nodes()[i], c, "x"); got != "" {
				t.Errorf("node %d has %q", i, got)
			}
		}
		if len(l.oracle.Faults) > 0 {
			t.Error(l.oracle.Faults)
		}
	}
}

// What is written while a snapshot is, and got into it, is in no digest that was taken before, and here nothing else
// makes the digests of the two differ: it must reach the other even so.
func TestWriteThatGotIntoASnapshot(t *testing.T) {
	l := newLives(1, time.Hour, replica.Options{Capacity: 10}, replica.Options{Capacity: 10})
	l.Run(time.Second)
	for _, key := range []string{"x", "y"} {
		l.set(0, key, "old")
	}
	l.Run(time.Minute)
	l.Cut(0, 1)
	first := true
	l.save(0, func() { // the hottest, y, is read first
		if first {
			first = false
			l.set(0, "x", "new")
			l.Run(time.Second)
		}
	})
	l.crash(0)
	l.Run(time.Minute)
	l.start(0)
	l.Heal()
	l.Run(time.Minute)
	for i, c := range l.caches {
		if got := get(l.Nodes()[i], c, "x"); got != "new" {
			t.Errorf("node %d has %q", i, got)
		}
	}
	if len(l.oracle.Faults) > 0 {
		t.Error(l.oracle.Faults)
	}
}

// without leaves some records out.
func without(s *store.Snapshot, out func(store.Record[[]byte]) bool) {
	records := s.Records
	s.Records = func(yield func(store.Record[[]byte], error) bool) {
		records(func(r store.Record[[]byte], err error) bool { return out(r) || yield(r, err) })
	}
}

// TestRestartBugsAreFound breaks what makes a snapshot sound, one clause each.
func TestRestartBugsAreFound(t *testing.T) {
	for name, bug := range map[string]struct {
		bend   func(i int, l *lives, s *store.Snapshot)
		during func(*lives)
	}{
		"no tombstones": {func(_ int, _ *lives, s *store.Snapshot) {
			without(s, func(r store.Record[[]byte]) bool { return r.Kind == crdt.Tombstone })
		}, quiet},
		"no floor": {func(_ int, _ *lives, s *store.Snapshot) {
			past := s.Past
			s.Past = func() store.Past { return store.Past{Ceiling: past().Ceiling} }
		}, deleting},
		"floor taken first": {func(_ int, _ *lives, s *store.Snapshot) {
			past := s.Past()
			s.Past = func() store.Past { return past }
		}, deleting},
		"seen taken last": {func(i int, l *lives, s *store.Snapshot) {
			var all []store.Record[[]byte]
			s.Records(func(r store.Record[[]byte], _ error) bool {
				if all = append(all, r); len(all) == 1 {
					deleting(l)
					l.Run(time.Second)
				}
				return true
			})
			s.Seen = l.caches[i].Digest().Known()
			s.Records = func(yield func(store.Record[[]byte], error) bool) {
				for _, r := range all {
					if !yield(r, nil) {
						return
					}
				}
			}
		}, quiet},
	} {
		if l := narrow(bug.bend, bug.during); len(l.oracle.Faults) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

// TestRestartIsWarm: a node that comes back has nearly all of what it had, at once, and afterwards only what it missed
// travels.
func TestRestartIsWarm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const entries = 500
		missed := rapid.IntRange(0, 50).Draw(rt, "missed")
		after := rapid.IntRange(0, 50).Draw(rt, "written after the snapshot")
		ring := replica.Options{Capacity: 4096}
		l := newLives(rapid.Uint64().Draw(rt, "seed"), time.Hour, ring, ring, ring)
		l.Run(time.Second)
		for i := range entries {
			l.set(i%3, fmt.Sprint(i), "before")
		}
		l.Run(10 * time.Second)
		l.save(0, func() {})
		for i := range after {
			l.set(0, fmt.Sprint("own ", i), "after")
		}
		l.Run(10 * time.Second)
		l.crash(0)
		l.Run(time.Minute)
		for i := range missed {
			l.set(1+i%2, fmt.Sprint("new ", i), "meanwhile")
		}
		l.Run(10 * time.Second)
		others := func() uint64 {
			return l.Nodes()[1].Engine.Counters().Moved + l.Nodes()[2].Engine.Counters().Moved
		}
		before := others()
		l.start(0)
		hits := 0
		for i := range entries {
			if v, ok := l.oracle.Read(l.Nodes()[0], fmt.Sprint(i)); ok && v == "before" {
				hits++
			}
		}
		if hits*100 < entries*99 {
			rt.Fatalf("%d of %d are there", hits, entries)
		}
		l.Run(time.Minute)
		if got := l.caches[0].Store().Len(); got != entries+missed+after {
			rt.Fatalf("%d entries after the sync, want %d", got, entries+missed+after)
		}
		moved := l.Nodes()[0].Engine.Counters().Moved
		if moved < uint64(missed+after) || moved > 3*uint64(missed+after) { // several peers may be asked before the first has answered
			rt.Fatalf("%d records moved, %d were missed", moved, missed+after)
		}
		if got := others() - before; got > 0 {
			rt.Fatalf("%d records moved to nodes that had all", got)
		}
		if len(l.oracle.Faults) > 0 {
			rt.Fatal(l.oracle.Faults)
		}
	})
}
