package replica_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/store"
)

// image is a snapshot that was read to its end, to be changed and restored any number of times.
type image struct {
	seen    []crdt.Known
	records []store.Record[[]byte]
	past    store.Past
	fails   error // of the records
}

func imageOf(c *replica.Cache) *image {
	s, _ := c.Snapshot()
	m := &image{seen: s.Seen}
	for r := range s.Records {
		m.records = append(m.records, r)
	}
	m.past = s.Past()
	return m
}

func (m *image) snapshot() *store.Snapshot {
	return &store.Snapshot{
		Seen: m.seen,
		Records: func(yield func(store.Record[[]byte], error) bool) {
			for _, r := range m.records {
				if !yield(r, nil) {
					return
				}
			}
			if m.fails != nil {
				yield(store.Record[[]byte]{}, m.fails)
			}
		},
		Past: func() store.Past { return m.past },
	}
}

func (m *image) keys(kind crdt.Kind) (keys []string) {
	for _, r := range m.records {
		if r.Kind == kind {
			keys = append(keys, r.Key)
		}
	}
	return keys
}

// restart ends the life of node i and begins another one from an image, `after` later; err is why it took nothing.
func (m *mesh) restart(i int, o replica.Options, after time.Duration, from *image) (err error) {
	n := m.Nodes()[i]
	n.Crash()
	m.Run(after)
	n.Start()
	o.Restore = func(fill func(*store.Snapshot) error) { err = fill(from.snapshot()) }
	c, failed := n.Engine.Open(o)
	if failed != nil {
		m.t.Fatal(failed)
	}
	m.caches[i] = c
	return err
}

// lone is a node by itself with values a to e, of which a and b are ghosts, d is deleted, and c used last.
func lone(t *testing.T) *mesh {
	m := &mesh{World: sim.New(1), t: t}
	o := standard
	o.Capacity = 3
	_, c := m.add("here", o)
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		m.set(0, key, "v")
		m.Run(time.Second)
	}
	c.Store().Delete("d")
	c.Store().Get("c", m.Nodes()[0].Now()/1e6)
	return m
}

func TestRestartKeepsEverything(t *testing.T) {
	m := lone(t)
	before := imageOf(m.caches[0])
	if err := m.restart(0, standard, time.Minute, before); err != nil {
		t.Fatal(err)
	}
	after := imageOf(m.caches[0])
	for kind, want := range map[crdt.Kind][]string{crdt.Value: {"c", "e"}, crdt.Tombstone: {"d"}} {
		if got := after.keys(kind); !slices.Equal(got, want) {
			t.Errorf("kind %d: %q, want %q", kind, got, want)
		}
	}
	if got := after.keys(crdt.Ghost); len(got) != 2 {
		t.Errorf("ghosts %q", got)
	}
	if len(before.seen) != 1 || len(after.seen) != 1 || after.seen[0].Head != 6 || after.seen[0].Origin != before.seen[0].Origin {
		t.Errorf("seen %v, then %v", before.seen, after.seen)
	}
	if m.caches[0].Store().Waiting() > 0 {
		t.Error("what is restored waits to be sent")
	}
	m.set(0, "new", "v")
	m.Run(time.Second)
	if r := m.caches[0].Store().Known("new"); r.Version.Origin == before.seen[0].Origin || r.Seq != 1 {
		t.Errorf("the new life writes as %v", r)
	}
	if seen := imageOf(m.caches[0]).seen; len(seen) != 2 {
		t.Errorf("seen %v", seen)
	}
}

// What of the values has no room are the coldest; they are ghosts, and ghosts without room are forgotten, but nothing
// else is, though it lies below the floor that rises by that.
func TestRestartWithLessRoom(t *testing.T) {
	m := lone(t)
	o := standard
	o.Capacity, o.Ghosts = 1, 1
	if err := m.restart(0, o, time.Minute, imageOf(m.caches[0])); err != nil {
		t.Fatal(err)
	}
	s := m.caches[0].Store()
	for key, want := range map[string]crdt.Kind{"a": crdt.None, "b": crdt.None, "c": crdt.Value, "d": crdt.Tombstone, "e": crdt.Ghost} {
		if got := s.Known(key).Kind; got != want {
			t.Errorf("%s is of kind %d, want %d", key, got, want)
		}
	}
	if s.Floor() == 0 || len(s.Forgotten()) != 1 {
		t.Errorf("floor %d, forgotten %v", s.Floor(), s.Forgotten())
	}
}

// A record below the floor that others raise while they enter is no less believed.
func TestRestartWhileTheFloorRises(t *testing.T) {
	m := lone(t)
	m.caches[0].Store().Delete("f") // the ring has room for this one or that of d
	before := imageOf(m.caches[0])
	slices.SortStableFunc(before.records, func(a, b store.Record[[]byte]) int { return int(b.Kind) - int(a.Kind) })
	before.past.Floor, before.past.Forgotten = crdt.At(m.Nodes()[0].Now()/1e6), map[crdt.Origin]store.Forgotten{
		77: {N: 5, Time: crdt.At(m.Nodes()[0].Now() / 1e6)},
	}
	o := standard
	o.Tombstones, o.Ghosts = 1, 1
	if err := m.restart(0, o, time.Minute, before); err != nil {
		t.Fatal(err)
	}
	if m.get(0, "c") != "v" || m.get(0, "e") != "v" {
		t.Errorf("c is %q, e is %q", m.get(0, "c"), m.get(0, "e"))
	}
	if s := m.caches[0].Store(); s.Floor() < before.past.Floor || s.Forgotten()[77].N != 5 {
		t.Errorf("floor %d, forgotten %v", s.Floor(), s.Forgotten())
	}
}

// Time goes on while a node is down: what has expired is a ghost, what has outlived its retention is gone.
func TestRestartAfterAWhile(t *testing.T) {
	hour := standard.TTL
	for after, want := range map[time.Duration]crdt.Kind{
		hour - time.Minute: crdt.Value, hour + 10*time.Second: crdt.Ghost, hour + 2*time.Minute: crdt.None,
	} {
		m := lone(t)
		if err := m.restart(0, standard, after, imageOf(m.caches[0])); err != nil {
			t.Fatal(err)
		}
		if got := m.caches[0].Store().Known("e").Kind; got != want {
			t.Errorf("after %v of kind %d, want %d", after, got, want)
		}
	}
}

// The new life writes above all that the old one gave or saw, also where its clock was set back.
func TestRestartWritesAboveTheCeiling(t *testing.T) {
	m := lone(t)
	before := imageOf(m.caches[0])
	m.Nodes()[0].Offset = -20 * time.Second
	if err := m.restart(0, standard, time.Second, before); err != nil {
		t.Fatal(err)
	}
	m.set(0, "new", "v")
	if got := m.caches[0].Store().Known("new").Version.Time; got <= before.past.Ceiling {
		t.Errorf("%d is not above %d", got, before.past.Ceiling)
	}
}

// Whatever is wrong with a snapshot, nothing of it is taken, and a good one is taken afterwards.
func TestRestartFromWhatIsUnsound(t *testing.T) {
	ahead := func(m *mesh) crdt.Time { return crdt.At(m.Nodes()[0].Now()/1e6 + 31_000 + time.Minute.Milliseconds()) }
	for what, spoil := range map[string]func(m *mesh, i *image){
		"records that end early": func(_ *mesh, i *image) { i.fails = errors.New("no") },
		"a record of the future": func(m *mesh, i *image) {
			r := &i.records[2]
			r.Version.Time = ahead(m)
			r.Deadline = r.Version.Time.Milli() + 1
		},
		"a record without a dot": func(_ *mesh, i *image) { i.records[1].Seq = 0 },
		"a deadline beyond L": func(_ *mesh, i *image) {
			i.records[0].Deadline = i.records[0].Version.Time.Milli() + standard.TTL.Milliseconds() + 1
		},
		"a record without a key":  func(_ *mesh, i *image) { i.records[0].Key = "" },
		"seen of the future":      func(m *mesh, i *image) { i.seen[0].Last = ahead(m) },
		"seen that overlaps":      func(_ *mesh, i *image) { i.seen[0].Ranges = []crdt.Range{{Lo: 2, Hi: 3}} },
		"a floor of the future":   func(m *mesh, i *image) { i.past.Floor = ahead(m) },
		"a ceiling of the future": func(m *mesh, i *image) { i.past.Ceiling = ahead(m) },
		"forgotten in the future": func(m *mesh, i *image) { i.past.Forgotten = map[crdt.Origin]store.Forgotten{1: {N: 1, Time: ahead(m)}} },
	} {
		m := lone(t)
		bad, good := imageOf(m.caches[0]), imageOf(m.caches[0])
		spoil(m, bad)
		if err := m.restart(0, standard, time.Minute, bad); err == nil {
			t.Errorf("%s: taken", what)
		}
		if got := imageOf(m.caches[0]); len(got.seen)+len(got.records) > 0 || got.past.Floor > 0 || got.past.Ceiling > 0 {
			t.Errorf("%s: something was taken: %v", what, got)
		}
		if err := m.restart(0, standard, time.Minute, good); err != nil || m.get(0, "c") != "v" {
			t.Errorf("%s: then %v", what, err)
		}
	}
}

// Nothing that is restored travels, in either direction, when both have seen the same.
func TestRestartMovesNothing(t *testing.T) {
	m := newMesh(t, 2)
	for i := range 500 {
		m.set(i%2, fmt.Sprint(i), "v")
	}
	m.Run(10 * time.Second)
	before := m.Nodes()[1].Engine.Counters().Moved
	if err := m.restart(0, standard, time.Second, imageOf(m.caches[0])); err != nil {
		t.Fatal(err)
	}
	m.Run(time.Minute)
	there, here := m.Nodes()[1].Engine.Counters().Moved-before, m.Nodes()[0].Engine.Counters().Moved
	if there+here > 0 || m.caches[0].Store().Len() != 500 {
		t.Errorf("%d records moved there, %d here; %d entries", there, here, m.caches[0].Store().Len())
	}
}

// What is kept of a replica is of one at a time: its name is taken from before the restore until it has parted, and an
// engine is closed when all have.
func TestNameIsTakenWhileParting(t *testing.T) {
	m := newMesh(t, 1)
	o := standard
	o.Name = "kept"
	var during []error
	again := func() {
		_, err := m.Nodes()[0].Engine.Open(o)
		during = append(during, err)
	}
	restore := o
	restore.Restore = func(func(*store.Snapshot) error) { again() }
	parts, goOn := make(chan struct{}), make(chan struct{})
	restore.Parted = func(*replica.Cache) { again(); close(parts); <-goOn }
	c, err := m.Nodes()[0].Engine.Open(restore)
	if err != nil {
		t.Fatal(err)
	}
	go c.Close()
	<-parts
	closed := make(chan struct{})
	go func() { m.Nodes()[0].Engine.Close(); close(closed) }()
	select {
	case <-closed:
		t.Fatal("the engine is closed, the cache is not")
	case goOn <- struct{}{}:
	}
	<-closed
	again()
	if len(during) != 3 || !strings.Contains(fmt.Sprint(during[0]), "open on this node already") || !strings.Contains(fmt.Sprint(during[1]), "open on this node already") || !errors.Is(during[2], replica.ErrClosed) {
		t.Fatalf("opened again: %v", during)
	}
}

// unopened is a network that takes no cache.
type unopened struct{ *sim.Node }

func (unopened) Open(string) error { return errors.New("no room") }

// A replica that cannot open after all has parted, and its name is free.
func TestFailedOpenParts(t *testing.T) {
	m := newMesh(t, 1)
	n := m.Nodes()[0]
	e := replica.New(replica.Config{Net: unopened{n}, Clock: n, Rand: m.Rand})
	o := standard
	parted := 0
	o.Parted = func(*replica.Cache) { parted++ }
	for range 2 {
		if _, err := e.Open(o); err == nil || err.Error() != "no room" {
			t.Fatalf("opened: %v", err)
		}
	}
	if parted != 2 {
		t.Fatalf("parted %d times", parted)
	}
	e.Close()
}

// TestReadyMeansOverwritten: a peer's digest that equals the own one says nothing of what it has written and not sent yet, so
// a node that comes back asks all the same before it is ready with what it had.
func TestReadyMeansOverwritten(t *testing.T) {
	m := newMesh(t, 2)
	m.set(0, "k", "old")
	m.want(1, "k", "old", time.Second)
	m.Run(time.Minute)
	before := imageOf(m.caches[1])
	m.caches[0].HoldOutbox()
	m.set(0, "k", "new")
	if err := m.restart(1, standard, time.Second, before); err != nil {
		t.Fatal(err)
	}
	ready := false
	m.Nodes()[1].Engine.Ready(func() { ready = true })
	if !m.Until(time.Minute, func() bool { return ready }) {
		t.Fatal("never ready")
	}
	m.want(1, "k", "new", 0)
}
