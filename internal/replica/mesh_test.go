package replica_test

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
)

// mesh is a world in which every node has the cache "c".
type mesh struct {
	*sim.World
	t      *testing.T
	caches []*replica.Cache
	probed bool // the peer of stall_test.go stalls on probes as well
}

func spread(key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64() * 0x9E3779B97F4A7C15
}

var standard = replica.Options{Name: "c", Capacity: 4096, TTL: time.Hour, Hash: spread}

func newMesh(t *testing.T, nodes int) *mesh {
	m := &mesh{World: sim.New(1), t: t}
	for range nodes {
		m.add("here", standard)
	}
	m.Run(15 * time.Second) // until nobody is new any more
	return m
}

func (m *mesh) add(region string, o replica.Options) (*sim.Node, *replica.Cache) {
	n := m.Add(region)
	c, err := n.Engine.Open(o)
	if err != nil {
		m.t.Fatal(err)
	}
	m.caches = append(m.caches, c)
	return n, c
}

func (m *mesh) set(i int, key, value string) {
	m.t.Helper()
	if _, err := m.caches[i].Store().Set(key, replica.BlobOf([]byte(value)), time.Hour.Milliseconds()); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mesh) get(i int, key string) string {
	b, _, _ := m.caches[i].Store().Peek(key, m.Nodes()[i].Now()/1e6)
	return string(b.Bytes())
}

// want waits for a value at a node.
func (m *mesh) want(i int, key, value string, within time.Duration) {
	m.t.Helper()
	if !m.Until(within, func() bool { return m.get(i, key) == value }) {
		m.t.Fatalf("node %d has %q of %q after %v, want %q", i, m.get(i, key), key, within, value)
	}
}

// doubt has a node know that something is missing, so that its misses ask peers.
func (m *mesh) doubt(i int) {
	m.caches[i].MarkSeen(crdt.Dot{Origin: 99, Seq: 2}, crdt.At(m.Nodes()[i].Now()/1e6))
}

func (m *mesh) moved() (n uint64) {
	for _, node := range m.Nodes() {
		n += node.Engine.Counters().Moved
	}
	return n
}

func TestGapIsAskedFor(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Loss = 1
	m.set(0, "lost", "x")
	m.Run(100 * time.Millisecond)
	m.Links.Loss = 0
	m.set(0, "next", "y")
	m.want(1, "next", "y", 30*time.Millisecond)
	if m.get(1, "lost") != "" {
		t.Fatal("nothing was lost")
	}
	m.want(1, "lost", "x", 2500*time.Millisecond)
}

func TestLossAtTheEndIsFoundByARound(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Loss = 1
	m.set(0, "lost", "x")
	m.want(1, "lost", "x", 7*time.Second)
}

func TestIdleRoundsMoveNothing(t *testing.T) {
	m := &mesh{World: sim.New(1), t: t}
	m.add("here", standard)
	small := standard
	small.Capacity = 50
	m.add("here", small)
	m.Run(time.Second)
	for i := range 1000 {
		m.set(i%2, fmt.Sprint("k", i), "v")
		m.Run(10 * time.Millisecond)
	}
	m.Run(time.Minute)
	before := m.moved()
	m.Run(10 * time.Minute)
	if after := m.moved(); after != before {
		t.Fatalf("%d records moved between idle nodes", after-before)
	}
}

func TestManyWritesOfAKeyCostOneRecord(t *testing.T) {
	m := newMesh(t, 2)
	m.Nodes()[0].Congested = true
	for i := range 1000 {
		m.set(0, "k", fmt.Sprint(i))
		m.Run(time.Millisecond)
	}
	m.Nodes()[0].Congested = false
	m.want(1, "k", "999", 100*time.Millisecond)
	if got := m.Nodes()[1].Engine.Counters().Records; got > 2 { // one that was under way, and the last
		t.Fatalf("%d records for one key", got)
	}
}

func TestLargeValueIsAnnouncedAndFetched(t *testing.T) {
	m := newMesh(t, 2)
	large := string(bytes.Repeat([]byte("x"), 20<<10))
	m.set(0, "k", "small")
	m.want(1, "k", "small", 100*time.Millisecond)
	m.set(0, "k", large)
	m.want(1, "k", "", 100*time.Millisecond)
	var got map[string]replica.Blob
	m.caches[1].Ask([]string{"k"}, func(found map[string]replica.Blob) { got = found })
	m.Run(100 * time.Millisecond)
	if string(got["k"].Bytes()) != large || m.get(1, "k") != large {
		t.Fatalf("%d bytes were lent", len(got["k"].Bytes()))
	}
}

func TestAskGoesOnToTheNextPeer(t *testing.T) {
	m := newMesh(t, 4)
	m.Links.Loss = 1
	m.doubt(0)
	m.set(2, "k", "v")
	var found map[string]replica.Blob
	m.caches[0].Ask([]string{"k", "nowhere"}, func(f map[string]replica.Blob) { found = f })
	m.Run(time.Second)
	if len(found) != 1 || string(found["k"].Bytes()) != "v" {
		t.Fatalf("found %v", found)
	}
}

func TestAskOfNobodyEndsAtOnce(t *testing.T) {
	m := newMesh(t, 1)
	done := false
	m.caches[0].Ask([]string{"k"}, func(f map[string]replica.Blob) { done = len(f) == 0 })
	if !done {
		t.Fatal("it waits, and for whom?")
	}
}

func TestAskOfADeadPeerEndsInTime(t *testing.T) {
	m := newMesh(t, 2)
	m.Cut(0, 1)
	done := false
	m.caches[0].Ask([]string{"k"}, func(map[string]replica.Blob) { done = true })
	if !m.Until(3600*time.Millisecond, func() bool { return done }) {
		t.Fatal("a miss waits for a dead peer")
	}
}

func TestAskIsHedged(t *testing.T) {
	m := newMesh(t, 3)
	m.Links.Jitter = 5 * time.Millisecond // without, every answer comes at the moment of its hedge
	m.Run(time.Minute)
	m.Links.Loss = 1
	m.doubt(0)
	for range 100 { // look-ups that save for a hedge
		m.caches[0].Ask([]string{"nowhere"}, func(map[string]replica.Blob) {})
		m.Run(100 * time.Millisecond)
	}
	m.set(1, "k", "v")
	m.set(2, "k", "v")
	near := m.Nodes()[0].Engine.Peers()[0].ID
	groups := []int{0, 0, 0}
	for i, n := range m.Nodes() {
		if n.Self() == near {
			groups[i] = 1
		}
	}
	m.Cut(groups...)
	found := false
	m.caches[0].Ask([]string{"k"}, func(f map[string]replica.Blob) { found = len(f) == 1 })
	if !m.Until(500*time.Millisecond, func() bool { return found }) {
		t.Fatal("the read waits for the peer that is silent")
	}
}

func TestAwait(t *testing.T) {
	m := newMesh(t, 3)
	m.set(0, "k", "v")
	have := -1
	m.caches[0].Await(2, func(n int) { have = n })
	if !m.Until(300*time.Millisecond, func() bool { return have == 2 }) {
		t.Fatalf("%d have it", have)
	}
	m.Cut(0, 1, 1)
	m.set(0, "k", "w")
	cancel := m.caches[0].Await(1, func(int) { t.Error("nobody can have it") })
	m.Run(time.Second)
	if n := cancel(); n != 0 {
		t.Fatalf("%d have it across a cut", n)
	}
}

func TestReadyAfterAWholeSync(t *testing.T) {
	m := newMesh(t, 1)
	for i := range 3000 {
		m.set(0, fmt.Sprint("k", i), "v")
	}
	m.Run(time.Second)
	n, _ := m.add("here", standard)
	ready := false
	n.Engine.Ready(func() { ready = true })
	if !m.Until(3*time.Second, func() bool { return ready }) {
		t.Fatal("never ready")
	}
	if got := m.caches[1].Store().Len(); got != 3000 {
		t.Fatalf("ready with %d of 3000", got)
	}
}

func TestBootstrapBringsTheHottestFirst(t *testing.T) {
	m := newMesh(t, 1)
	for i := range 4000 {
		m.set(0, fmt.Sprint("k", i), "v")
	}
	for i := range 100 {
		m.caches[0].Store().Get(fmt.Sprint("k", i), m.Nodes()[0].Now()/1e6)
	}
	m.Run(time.Second)
	small := standard
	small.Capacity = 100
	_, c := m.add("here", small)
	m.Run(5 * time.Second)
	if n := c.Counts(); n.Bootstrap != 1 {
		t.Fatalf("bootstrapped to %v", n.Bootstrap)
	}
	for i := range 100 {
		m.want(1, fmt.Sprint("k", i), "v", 0)
	}
	if n := c.Store().Counts(); n.Ghosts != 3900 || n.Evictions != 0 {
		t.Fatalf("the rest is not ghosts: %+v", n)
	}
}

func TestPullFromAPeerThatSawSomeOfOurs(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Loss = 0.5
	for i := range 50 {
		m.set(0, fmt.Sprint("k", i), "v")
		m.set(1, fmt.Sprint("l", i), "v")
		m.Run(10 * time.Millisecond)
	}
	m.Links.Loss = 1
	m.Run(30 * time.Second)
	for i := range 50 {
		m.want(0, fmt.Sprint("l", i), "v", 0)
		m.want(1, fmt.Sprint("k", i), "v", 0)
	}
	for _, n := range m.Nodes() {
		if c := n.Engine.Counters(); c.Whole == 0 || c.Malformed > 0 {
			t.Fatalf("%+v", c)
		}
	}
}

func TestAnotherTTLIsNotSynced(t *testing.T) {
	m := newMesh(t, 1)
	other := standard
	other.TTL = time.Minute
	m.add("here", other)
	m.Links.Loss = 1
	m.set(0, "k", "v")
	m.Run(time.Minute)
	if m.get(1, "k") != "" || m.Nodes()[0].Engine.Peers()[0].Note == "" {
		t.Fatalf("synced, or silently not: %+v", m.Nodes()[0].Engine.Peers())
	}
}

func TestClockFarAheadPoisonsNobody(t *testing.T) {
	m := newMesh(t, 2)
	ahead := m.Nodes()[0]
	ahead.Offset = 365 * 24 * time.Hour
	m.set(0, "k", "poison")
	m.Run(time.Minute)
	if m.get(1, "k") != "" {
		t.Fatal("a record from next year was taken")
	}
	m.set(1, "k", "sound")
	if r := m.caches[1].Store().Known("k"); r.Version.Time.Milli() > m.Nodes()[1].Now()/1e6+30_000 {
		t.Fatal("the clock was moved")
	}
	if m.caches[1].Counts().Refused == 0 || m.Nodes()[1].Engine.Peers()[0].Note == "" {
		t.Fatal("nobody was told")
	}
}

func TestAwaitBeforeAnybodyIsThere(t *testing.T) {
	m := newMesh(t, 1)
	m.set(0, "k", "v")
	have := -1
	m.caches[0].Await(1, func(n int) { have = n })
	m.add("here", standard)
	if !m.Until(time.Second, func() bool { return have == 1 }) {
		t.Fatal("the one that came later is not counted")
	}
	_, empty := m.add("here", replica.Options{Name: "other", Capacity: 1, TTL: time.Hour, Hash: spread})
	nothing := -1
	empty.Await(1, func(n int) { nothing = n })
	if _, err := m.Nodes()[0].Engine.Open(replica.Options{Name: "other", Capacity: 1, TTL: time.Hour, Hash: spread}); err != nil {
		t.Fatal(err)
	}
	if !m.Until(time.Second, func() bool { return nothing == 1 }) {
		t.Fatal("nothing was written, so whoever comes has it all")
	}
}

func TestAwaitCountsNothingOfEarlierLives(t *testing.T) {
	m := newMesh(t, 2)
	for i := range 100 {
		m.set(0, fmt.Sprint("k", i), "v")
	}
	m.Run(time.Second)
	reopen := func(i int) {
		m.caches[i].Close()
		c, err := m.Nodes()[i].Engine.Open(standard)
		if err != nil {
			t.Fatal(err)
		}
		m.caches[i] = c
	}
	m.Links.Loss = 1
	reopen(0)
	m.set(0, "new", "v")
	m.caches[0].Await(1, func(int) {
		if m.get(1, "new") != "v" {
			t.Error("counted by what was acknowledged to the cache of before")
		}
	})
	m.Run(10 * time.Second)
	m.Links.Loss = 0
	m.set(1, "seen", "v")
	m.Run(time.Second)
	m.Links.Loss = 1
	reopen(1)
	m.Run(30 * time.Millisecond) // until it has told
	m.caches[0].Await(1, func(int) {
		if m.get(1, "new") != "v" {
			t.Error("counted by what the peer acknowledged before it reopened")
		}
	})
	m.want(1, "new", "v", 10*time.Second)
}

func TestAwaitAfterReconnecting(t *testing.T) {
	m := newMesh(t, 2)
	m.set(0, "k", "v")
	m.Run(time.Second)
	m.Cut(0, 1)
	m.Run(30 * time.Second)
	m.Heal()
	have := -1
	m.caches[0].Await(1, func(n int) { have = n })
	if !m.Until(10*time.Second, func() bool { return have == 1 }) {
		t.Fatal("the peer has it, and nobody says so")
	}
}

func TestManyLargeValuesAreLent(t *testing.T) {
	m := newMesh(t, 2)
	m.Links.Loss = 1
	m.doubt(1)
	large := string(bytes.Repeat([]byte("x"), 10<<10))
	var keys []string
	for i := range 200 {
		keys = append(keys, fmt.Sprint("k", i))
		m.set(0, keys[i], large)
	}
	var got map[string]replica.Blob
	m.caches[1].Ask(keys, func(found map[string]replica.Blob) { got = found })
	m.Run(time.Second)
	if len(got) != 200 {
		t.Fatalf("%d of 200 values were lent", len(got))
	}
}

func TestLossRightAfterConnecting(t *testing.T) {
	m := newMesh(t, 1)
	m.Links.Loss = 1
	m.add("here", standard)
	m.Run(500 * time.Millisecond)
	m.set(0, "k", "v")
	m.want(1, "k", "v", 1500*time.Millisecond)
}

func TestExplain(t *testing.T) {
	m := newMesh(t, 3)
	m.set(0, "k", "v")
	m.Run(100 * time.Millisecond)
	m.caches[1].Store().Delete("k")
	m.Run(100 * time.Millisecond)
	m.Cut(0, 0, 1)
	var got []replica.Holding
	m.caches[0].Explain("k", func(h []replica.Holding) { got = h })
	m.Run(5 * time.Second)
	if len(got) != 3 || got[0].Register != got[1].Register || got[1].Writer != m.Nodes()[1].Self() || got[2].Err == nil {
		t.Fatalf("%+v", got)
	}
}

func TestTouchSpreads(t *testing.T) {
	m := newMesh(t, 2)
	m.caches[0].Store().Set("k", replica.BlobOf([]byte("v")), 10_000)
	m.Run(time.Second)
	for range 300 {
		m.Run(100 * time.Millisecond)
		m.caches[0].Store().Touch("k", 10_000)
	}
	if m.get(1, "k") != "v" {
		t.Fatal("what is touched at one node expired at the other")
	}
	if sent := m.Nodes()[0].Engine.Counters().Published; sent > 1+31 {
		t.Fatalf("%d batches for 300 touches", sent)
	}
}

func TestLossySyncDropsWhatWasDeletedBehindIt(t *testing.T) {
	m := &mesh{World: sim.New(1), t: t}
	tiny := standard
	tiny.Tombstones, tiny.Ghosts = 2, 2
	for range 2 {
		m.add("here", tiny)
	}
	m.Run(time.Second)
	for i := range 20 {
		m.set(0, fmt.Sprint("k", i), "v")
	}
	m.Run(time.Second)
	m.Cut(0, 1)
	m.Run(15 * time.Second)
	for i := range 20 {
		m.caches[0].Store().Delete(fmt.Sprint("k", i))
	}
	m.set(0, "after", "v")
	m.Run(time.Second)
	m.Heal()
	m.want(1, "after", "v", 10*time.Second)
	m.Run(30 * time.Second)
	for i := range 20 {
		for node := range 2 {
			if got := m.get(node, fmt.Sprint("k", i)); got != "" {
				t.Fatalf("node %d has the deleted k%d", node, i)
			}
		}
	}
	if m.Nodes()[1].Engine.Counters().Lossy == 0 {
		t.Fatal("no lossy sync was needed: the test tests nothing")
	}
}

func TestLossyBootstrapOfALargeCache(t *testing.T) {
	m := &mesh{World: sim.New(1), t: t}
	big := standard
	big.Capacity, big.Tombstones = 50_000, 10
	m.add("here", big)
	for i := range 40_000 {
		m.set(0, fmt.Sprint("k", i), "v")
	}
	for i := range 1000 {
		m.caches[0].Store().Delete(fmt.Sprint("k", i))
	}
	n, c := m.add("here", big)
	if !m.Until(20*time.Second, func() bool { return c.Counts().Bootstrap == 1 }) || c.Store().Len() != 39_000 {
		t.Fatalf("%d of 39,000, %+v", c.Store().Len(), n.Engine.Counters())
	}
	if n.Engine.Counters().Lossy == 0 {
		t.Fatal("nothing was lossy: the test tests nothing")
	}
}

func TestAuditFindsWhatTheRulesMakeImpossible(t *testing.T) {
	m := newMesh(t, 2)
	for i := range 3000 { // more than one step of a survey
		m.set(0, fmt.Sprint("k", i), "old")
	}
	m.Run(time.Second)
	m.Links.Loss = 1
	m.set(0, "k7", "new")
	rec, _ := m.caches[0].Store().Look("k7")
	m.caches[1].MarkSeen(rec.Dot(), rec.Version.Time)
	m.Run(30 * time.Second)
	if m.get(1, "k7") != "old" {
		t.Fatal("sync mends it: the test tests nothing")
	}
	m.want(1, "k7", "new", time.Hour)
	if m.caches[1].Counts().AuditMismatches == 0 {
		t.Fatal("mended, but not told")
	}
}

// What a closed cache has not sent stays there: it neither publishes it nor tries to for ever.
func TestClosedCacheSendsNothing(t *testing.T) {
	m := newMesh(t, 2)
	before := m.Nodes()[0].Engine.Counters().Published
	m.set(0, "k", "v")
	m.caches[0].Close()
	m.Run(time.Second) // in which a flush that went on at once would never let the time pass
	if n := m.Nodes()[0].Engine.Counters().Published - before; n != 0 || m.caches[0].Store().Waiting() != 1 {
		t.Fatalf("%d batches were sent, %d records wait", n, m.caches[0].Store().Waiting())
	}
}
