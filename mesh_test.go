package geolru

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const loopback = "/ip4/127.0.0.1/tcp/0"

// joined is a node that lives until the test ends.
func joined(t testing.TB, m Mesh) *Node {
	t.Helper()
	n, err := Join(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// meshed is n nodes on loopback that are all connected.
func meshed(t testing.TB, n int) []*Node {
	t.Helper()
	first := joined(t, Mesh{Listen: []string{loopback}, Region: "r0"})
	nodes := []*Node{first}
	for i := range n - 1 {
		nodes = append(nodes, joined(t, Mesh{Listen: []string{loopback}, Bootstrap: first.Addrs(), Region: fmt.Sprint("r", i+1)}))
	}
	eventually(t, "all nodes are connected", func() bool {
		return !slices.ContainsFunc(nodes, func(o *Node) bool {
			return len(slices.DeleteFunc(o.Peers(), func(p Peer) bool { return !p.Connected })) < n-1
		})
	})
	return nodes
}

// on is a cache on a node, closed when the test ends.
func on[V any](t testing.TB, n *Node, o Options[V]) *Cache[V] {
	t.Helper()
	o.Node = n
	return opened(t, o, wall)
}

// ready waits until each node has had everything.
func ready(t testing.TB, nodes ...*Node) {
	t.Helper()
	for _, n := range nodes {
		if err := n.Ready(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// replicas opens a cache on every node, and waits until all are ready.
func replicas[V any](t testing.TB, nodes []*Node, o Options[V]) (all []*Cache[V]) {
	t.Helper()
	for _, n := range nodes {
		all = append(all, on(t, n, o))
	}
	ready(t, nodes...)
	return all
}

func TestWritesReachEverybody(t *testing.T) {
	c := replicas(t, meshed(t, 3), Options[string]{})
	for i, w := range c {
		key := fmt.Sprint("by", i)
		if err := w.Set(key, "v"); err != nil || !has(w, key, "v") {
			t.Fatalf("own write: %v", err)
		}
		if n, err := w.Sync(soon(t), 2); n != 2 || err != nil {
			t.Fatalf("Sync: %d, %v", n, err)
		}
		for j, r := range c {
			if !has(r, key, "v") {
				t.Fatalf("%d does not have what %d wrote and synced", j, i)
			}
		}
	}
	c[1].Delete("by0")
	c[2].SetTTL("by1", "later", time.Hour)
	for i, r := range c {
		eventually(t, fmt.Sprint("the delete is at ", i), func() bool { _, ok := r.GetIfPresent("by0"); return !ok })
		eventually(t, fmt.Sprint("the overwrite is at ", i), func() bool { return has(r, "by1", "later") })
	}
	at, _ := c[2].Deadline("by1")
	if other, ok := c[0].Deadline("by1"); !ok || !other.Equal(at) {
		t.Fatalf("deadlines %v and %v", at, other)
	}
	c[0].Clear()
	for i, r := range c {
		eventually(t, fmt.Sprint("the clear is at ", i), func() bool { return r.Len() == 0 })
	}
}

func TestWhoComesLateHasEverything(t *testing.T) {
	nodes := meshed(t, 2)
	first := on(t, nodes[0], Options[int]{})
	want := map[string]int{}
	for i := range 1000 {
		want[fmt.Sprint(i)] = i
		first.Set(fmt.Sprint(i), i)
	}
	late := on(t, nodes[1], Options[int]{})
	ready(t, nodes...)
	eventually(t, "all is there", func() bool { return late.Len() == len(want) })
	if got := maps.Collect(late.All()); !maps.Equal(got, want) {
		t.Fatalf("%d entries differ from %d", len(got), len(want))
	}
	if s := late.Stats(); s.Bootstrap != 1 {
		t.Fatalf("%+v", s)
	}
}

func TestMissesAreLent(t *testing.T) {
	nodes := meshed(t, 2)
	var loads atomic.Int64
	load := func(_ context.Context, key string) (string, error) {
		loads.Add(1)
		return "loaded " + key, nil
	}
	big := on(t, nodes[0], Options[string]{Capacity: 4096, Load: load})
	small := on(t, nodes[1], Options[string]{Capacity: 10, Load: load})
	ready(t, nodes...)
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprint(i))
		big.Set(keys[i], "set "+keys[i])
	}
	big.Sync(soon(t), 1)
	if n := small.Len(); n != 10 {
		t.Fatalf("%d entries of a capacity of 10", n)
	}
	if v, err := small.Get(soon(t), "0"); v != "set 0" || err != nil {
		t.Fatalf("got %q, %v", v, err)
	}
	got, err := small.GetMany(soon(t), append(keys, "nowhere"))
	if err != nil || len(got) != 101 || got["77"] != "set 77" || got["nowhere"] != "loaded nowhere" {
		t.Fatalf("%d values, %v: %q %q %d", len(got), err, got["77"], got["nowhere"], loads.Load())
	}
	if n := loads.Load(); n != 1 || small.Stats().PeerHits < 90 {
		t.Fatalf("%d loads, %+v", n, small.Stats())
	}
}

// A value over 16 KiB is announced, and fetched when it is wanted.
func TestLargeValues(t *testing.T) {
	c := replicas(t, meshed(t, 2), Options[[]byte]{})
	watched := c[1].Watch(t.Context(), "")
	events := make(chan Event[[]byte])
	go func() {
		defer close(events)
		for e := range watched {
			events <- e
		}
	}()
	want := bytes.Repeat([]byte("x"), 1<<20)
	if err := c[0].Set("large", want); err != nil {
		t.Fatal(err)
	}
	if e := <-events; e.Kind != EventPut || !bytes.Equal(e.Value, want) {
		t.Fatalf("%v of %d bytes", e.Kind, len(e.Value))
	}
	if v, err := c[1].Get(soon(t), "large"); !bytes.Equal(v, want) || err != nil {
		t.Fatalf("%d bytes, %v", len(v), err)
	}
	if err := c[0].Set("larger", make([]byte, maxValue+1)); !errors.Is(err, ErrTooLarge) {
		t.Fatal(err)
	}
	c[1].Close()
	for range events {
		continue
	}
}

func TestWatchAcrossNodes(t *testing.T) {
	nodes := meshed(t, 2)
	c := replicas(t, nodes, Options[int]{})
	watched := c[1].Watch(t.Context(), "k")
	got := make(chan Event[int])
	go func() {
		defer close(got)
		for e := range watched {
			got <- e
		}
	}()
	c[0].Set("k", 7)
	at, _ := c[0].Deadline("k")
	if e := <-got; e != (Event[int]{EventPut, "k", 7, nodes[0].ID(), at}) {
		t.Fatalf("got %+v", e)
	}
	c[1].Set("k2", 8)
	if e := <-got; e.Node != nodes[1].ID() || e.Key != "k2" {
		t.Fatalf("got %+v", e)
	}
	c[0].Delete("k")
	if e := <-got; e != (Event[int]{Kind: EventDelete, Key: "k", Node: nodes[0].ID()}) {
		t.Fatalf("got %+v", e)
	}
	c[1].Close()
	for range got {
		continue
	}
}

func TestExplain(t *testing.T) {
	nodes := meshed(t, 2)
	c := replicas(t, nodes, Options[string]{})
	before := time.Now().Truncate(time.Millisecond)
	c[0].Set("k", "v")
	c[0].Sync(soon(t), 1)
	held, err := c[1].Explain(soon(t), "k")
	if err != nil || len(held) != 2 || held[0].Node != nodes[1].ID() || held[1].Node != nodes[0].ID() {
		t.Fatalf("got %+v, %v", held, err)
	}
	for i, h := range held {
		if h.State != "value" || h.Writer != nodes[0].ID() || h.Region != fmt.Sprint("r", 1-i) || h.Written.Before(before) || h.Err != nil {
			t.Errorf("got %+v", h)
		}
	}
	c[0].Delete("k")
	c[0].Sync(soon(t), 1)
	if held, _ = c[1].Explain(soon(t), "k"); len(held) != 2 || held[0].State != "tombstone" || !held[0].Deadline.IsZero() {
		t.Errorf("got %+v", held)
	}
	if held, _ = c[1].Explain(soon(t), "none"); len(held) != 2 || held[0].State != "unknown" {
		t.Errorf("got %+v", held)
	}
}

func TestProgramsOfDifferentVersions(t *testing.T) {
	type v1 struct {
		Name string
		Age  int
	}
	type v2 struct {
		FullName string `cbor:"Name"`
		Email    string
	}
	nodes := meshed(t, 3)
	older := on(t, nodes[0], Options[v1]{})
	newer := on(t, nodes[1], Options[v2]{})
	plain := on(t, nodes[2], Options[any]{})
	ready(t, nodes...)
	newer.Set("k", v2{"ann", "a@b"})
	eventually(t, "the older has what it knows", func() bool { return has(older, "k", v1{Name: "ann"}) })
	eventually(t, "a map has it all", func() bool {
		m, ok := plain.GetIfPresent("k")
		return ok && fmt.Sprint(m) == "map[Email:a@b Name:ann]"
	})
	older.Touch("k", time.Hour) // what it passes on is what it got
	older.Set("old", v1{"bob", 7})
	eventually(t, "the newer has what it knows", func() bool { return has(newer, "old", v2{FullName: "bob"}) })
	if !has(newer, "k", v2{"ann", "a@b"}) {
		t.Fatal("a field got lost")
	}
}

func TestWhatDoesNotDecodeIsLoadedAndLeft(t *testing.T) {
	nodes := meshed(t, 2)
	var log safeBuffer
	nodes[0].log = slog.New(slog.NewTextHandler(&log, nil))
	c := on(t, nodes[1], Options[string]{})
	var loads atomic.Int64
	loading := on(t, nodes[0], Options[map[string]int]{Load: func(context.Context, string) (map[string]int, error) {
		loads.Add(1)
		return map[string]int{"loaded": 1}, nil
	}})
	ready(t, nodes...)
	for _, k := range []string{"a", "b"} {
		c.Set(k, "\xffnot CBOR")
	}
	eventually(t, "both are there", func() bool { return loading.table.Known("b").Kind != 0 && loading.table.Known("a").Kind != 0 })
	for range 3 {
		if v, err := loading.Get(soon(t), "a"); err != nil || v["loaded"] != 1 {
			t.Fatalf("got %v, %v", v, err)
		}
		if _, ok := loading.GetIfPresent("b"); ok {
			t.Fatal("what does not decode is present")
		}
	}
	if _, err := loading.Update("a", 0, func(map[string]int, bool) (map[string]int, Op) { return nil, OpWrite }); !errors.Is(err, ErrNotFound) {
		t.Fatalf("an Update overwrote it: %v", err)
	}
	for range loading.All() {
		t.Fatal("it is in All")
	}
	if v, ok := c.GetIfPresent("a"); !ok || v != "\xffnot CBOR" {
		t.Fatalf("it was overwritten: %q", v)
	}
	if n := strings.Count(log.String(), "does not decode"); n != 1 || loading.undecodable() != 2 || loads.Load() != 3 {
		t.Fatalf("%d lines, %d counted, %d loads", n, loading.undecodable(), loads.Load())
	}
	if s := loading.Stats(); s.Hits != 0 || s.Misses != 7 {
		t.Fatalf("%+v", s)
	}
	bare := on(t, nodes[1], Options[map[string]int]{Name: "bare"})
	other := on(t, nodes[0], Options[string]{Name: "bare"})
	ready(t, nodes...)
	other.Set("a", "\xff")
	eventually(t, "it is there", func() bool { return bare.table.Known("a").Kind != 0 })
	if _, err := bare.Get(soon(t), "a"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "decode") {
		t.Fatalf("without a loader: %v", err)
	}
	if err := loading.Set("a", map[string]int{}); err != nil {
		t.Fatalf("a Set is meant: %v", err)
	}
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestRemoteWriteDuringALoadWins(t *testing.T) {
	nodes := meshed(t, 2)
	writer := on(t, nodes[0], Options[string]{})
	g := newGate()
	c := on(t, nodes[1], Options[string]{Load: g.load})
	ready(t, nodes...)
	set, deleted := async(t.Context(), c, "set"), async(t.Context(), c, "deleted")
	<-g.begun
	<-g.begun
	begun := time.Now().UnixMilli()
	eventually(t, "the clock has moved on, or nothing says which came first", func() bool { return time.Now().UnixMilli() > begun })
	writer.Set("set", "written")
	writer.Delete("deleted")
	writer.Sync(soon(t), 1)
	again := async(t.Context(), c, "deleted") // must not join the load that began before
	<-g.begun
	close(g.open)
	if r := <-set; r.v != "written" || r.err != nil {
		t.Fatalf("got %+v", r)
	}
	old, young := <-deleted, <-again
	if old.err != nil || young.v != "deleted loaded 3" || young.err != nil {
		t.Fatalf("got %+v and %+v", old, young)
	}
	if !has(c, "deleted", "deleted loaded 3") {
		t.Fatal("the later load is not here")
	}
}

func TestOnEvictOnANode(t *testing.T) {
	nodes := meshed(t, 2)
	c := on(t, nodes[0], Options[string]{})
	gone := make(chan string, 10)
	var other *Cache[string]
	other = on(t, nodes[1], Options[string]{
		Weigh:   func(_, v string) int { return len(v) },
		OnEvict: func(key, v string, why Cause) { other.GetIfPresent(key); gone <- key + v + why.String() },
	})
	ready(t, nodes...)
	c.Set("k", "1")
	eventually(t, "it came", func() bool { return has(other, "k", "1") })
	c.Set("k", "22")
	if g := <-gone; g != "k1replaced" || other.Stats().Weight != 2 {
		t.Fatal(g)
	}
	c.Delete("k")
	if g := <-gone; g != "k22deleted" {
		t.Fatal(g)
	}
}

func TestJoinNamesWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	for says, m := range map[string]Mesh{
		"Secret":    {Secret: "short"},
		"Timeout":   {Timeout: -1},
		"Listen":    {Listen: []string{"garbage"}},
		"Announce":  {Listen: []string{loopback}, Announce: []string{"/ip4/1.2.3"}},
		"Bootstrap": {Bootstrap: []string{"http://example.com"}},
		"Cluster":   {Cluster: strings.Repeat("x", 1000)},
		"Region":    {Region: "\xff"},
		"Mesh.Dir":  {Dir: file},
		"192.0.2.1": {Listen: []string{"/ip4/192.0.2.1/tcp/1"}}, // an address for documents, nobody has it
	} {
		n, err := Join(t.Context(), m)
		if err == nil {
			n.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "geolru: join: ") {
			t.Errorf("%s: %v", says, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Join(ctx, Mesh{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestIdentityIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	var ids []string
	for range 2 {
		n := joined(t, Mesh{Dir: dir})
		ids = append(ids, n.ID())
		n.Close()
	}
	if ids[0] != ids[1] || ids[0] == joined(t, Mesh{}).ID() {
		t.Fatalf("%v", ids)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, filepath.Join(dir, "identity.key"): 0o600} {
		if s, err := os.Stat(path); err != nil || s.Mode() != mode {
			t.Errorf("%s: %v, %v", path, s.Mode(), err)
		}
	}
}

func TestReadyAlone(t *testing.T) {
	first := joined(t, Mesh{Listen: []string{loopback}})
	c := on(t, first, Options[int]{})
	if err := first.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	c.Set("a", 1)
	if n, err := c.Get(soon(t), "a"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	lost := joined(t, Mesh{Bootstrap: []string{"/ip4/127.0.0.1/tcp/1"}, Timeout: 50 * time.Millisecond})
	on(t, lost, Options[int]{})
	if err := lost.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	patient := joined(t, Mesh{Bootstrap: []string{"/ip4/127.0.0.1/tcp/1"}, Timeout: time.Hour})
	on(t, patient, Options[int]{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := patient.Ready(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestClosedNode(t *testing.T) {
	n := joined(t, Mesh{Listen: []string{loopback}, Bootstrap: []string{"/ip4/127.0.0.1/tcp/1"}})
	c := on(t, n, Options[int]{})
	if _, err := Open(Options[int]{Node: n}); err == nil || !strings.Contains(err.Error(), `"default"`) {
		t.Fatalf("a second cache of one name: %v", err)
	}
	if _, err := Open(Options[chan int]{Node: n, Name: "chan"}); err == nil || !strings.Contains(err.Error(), "chan int") {
		t.Fatalf("values that cannot be encoded: %v", err)
	}
	ready := make(chan error, 1)
	go func() { ready <- n.Ready(context.Background()) }()
	if err := errors.Join(n.Close(), n.Close()); err != nil {
		t.Fatal(err)
	}
	if err := <-ready; !errors.Is(err, ErrClosed) {
		t.Fatalf("Ready: %v", err)
	}
	if err := c.Set("a", 1); !errors.Is(err, ErrClosed) {
		t.Fatalf("Set: %v", err)
	}
	if _, err := Open(Options[int]{Node: n, Name: "late"}); !errors.Is(err, ErrClosed) {
		t.Fatalf("Open: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// What was written just before Close reaches the others, whichever is closed first.
func TestCloseSendsWhatWaits(t *testing.T) {
	for name, end := range map[string]func(*Node, *Cache[string]){
		"node":           func(n *Node, _ *Cache[string]) { n.Close() },
		"cache and node": func(n *Node, c *Cache[string]) { c.Close(); n.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			nodes := meshed(t, 2)
			c := replicas(t, nodes, Options[string]{})
			c[0].Set("first words", "")
			c[0].Sync(soon(t), 1)
			for i := range 100 {
				c[0].Set(fmt.Sprint(i), "last words")
			}
			end(nodes[0], c[0])
			eventually(t, "they arrive", func() bool { return c[1].Len() == 101 })
		})
	}
}

func TestMetrics(t *testing.T) {
	nodes := meshed(t, 2)
	c := replicas(t, nodes, Options[string]{Name: "users"})
	c[0].Set("secret key", "v")
	c[0].GetIfPresent("secret key")
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(nodes[0].Collector()); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "geolru_") {
			t.Errorf("%s", f.GetName())
		}
		got[f.GetName()] = f.String()
		if strings.Contains(f.String(), "secret key") {
			t.Errorf("a key in %s", f.GetName())
		}
	}
	for name, part := range map[string]string{
		"geolru_hits_total": "value:1", "geolru_sets_total": `value:"users"`, "geolru_entries": "value:1", "geolru_peers": "value:1",
	} {
		if !strings.Contains(got[name], part) {
			t.Errorf("%s: %s", name, got[name])
		}
	}
}

func TestTwoClustersDoNotMix(t *testing.T) {
	a := joined(t, Mesh{Listen: []string{loopback}})
	b := joined(t, Mesh{Cluster: "other", Bootstrap: a.Addrs(), Timeout: 100 * time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	on(t, b, Options[int]{})
	if err := b.Ready(soon(t)); err != nil || len(b.Peers())+len(a.Peers()) > 0 {
		t.Fatalf("%v, peers %v and %v", err, a.Peers(), b.Peers())
	}
}

// TestOneLoadAcrossNodes: while one node loads, the callers on all nodes wait for it, and get what it loaded.
func TestOneLoadAcrossNodes(t *testing.T) {
	nodes := meshed(t, 3)
	var loads atomic.Int64
	loading, finish := make(chan struct{}), make(chan struct{})
	load := func(context.Context, string) (string, error) {
		if loads.Add(1) == 1 {
			close(loading)
		}
		<-finish
		return "loaded", nil
	}
	var caches []*Cache[string]
	for _, n := range nodes {
		caches = append(caches, on(t, n, Options[string]{Name: "one", Load: load}))
	}
	ready(t, nodes...)
	for _, c := range caches { // ready is who has heard one peer; a claim goes to those of whom it is known that they hold the cache
		if n, err := c.Sync(soon(t), 2); err != nil {
			t.Fatalf("%d others are known: %v", n, err)
		}
	}
	var all sync.WaitGroup
	call := func(c *Cache[string]) {
		all.Go(func() {
			if v, err := c.Get(soon(t), "cold"); v != "loaded" || err != nil {
				t.Errorf("got %q, %v", v, err)
			}
		})
	}
	call(caches[0])
	<-loading
	eventually(t, "the others know of the load", func() bool {
		return caches[1].mesh.Counts().Claims == 1 && caches[2].mesh.Counts().Claims == 1
	})
	for range 100 {
		for _, c := range caches {
			call(c)
		}
	}
	eventually(t, "all callers wait", func() bool {
		return caches[1].loads.flying.Load() == 1 && caches[2].loads.flying.Load() == 1
	})
	close(finish)
	all.Wait()
	if n := loads.Load(); n != 1 {
		t.Errorf("%d loads", n)
	}
}

// TestWriteEndsTheWaitForALoad: a value that is written here while another node loads is what the callers get.
func TestWriteEndsTheWaitForALoad(t *testing.T) {
	nodes := meshed(t, 2)
	loading, finish := make(chan struct{}), make(chan struct{})
	load := func(context.Context, string) (string, error) {
		close(loading)
		<-finish
		return "loaded", nil
	}
	defer close(finish)
	loader := on(t, nodes[0], Options[string]{Name: "one", Load: load})
	other := on(t, nodes[1], Options[string]{Name: "one", Load: func(context.Context, string) (string, error) {
		return "", errors.New("loaded twice")
	}})
	ready(t, nodes...)
	go loader.Get(soon(t), "cold")
	<-loading
	eventually(t, "the other knows of the load", func() bool { return other.mesh.Counts().Claims == 1 })
	got := make(chan string, 1)
	go func() {
		v, err := other.Get(soon(t), "cold")
		got <- fmt.Sprint(v, err)
	}()
	eventually(t, "it waits", func() bool { return other.loads.flying.Load() == 1 })
	if err := other.Set("cold", "written"); err != nil {
		t.Fatal(err)
	}
	if v := <-got; v != "written<nil>" {
		t.Errorf("got %s", v)
	}
}
