package geolru

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/geolru/geolru/internal/snapshot"
)

// figure is the value of a metric of a node that has no labels; -1 if it is not there.
func figure(t *testing.T, n *Node, name string) float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(n.Collector())
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		if family.GetName() == name {
			return family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return -1
}

// only is the one file in a directory whose name ends so.
func only(t *testing.T, dir, suffix string) string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if len(found) != 1 {
		t.Fatalf("files ending in %s: %q", suffix, found)
	}
	return found[0]
}

func TestRestartKeepsIDAndEntries(t *testing.T) {
	dir := t.TempDir()
	n := joined(t, Mesh{Dir: dir})
	id := n.ID()
	c := on(t, n, Options[int]{Name: "a/b", TTL: time.Hour})
	for i := range 1000 {
		if err := c.Set(fmt.Sprint(i), i); err != nil {
			t.Fatal(err)
		}
	}
	c.Delete("7")
	until, _ := c.Deadline("8")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = joined(t, Mesh{Dir: dir})
	if n.ID() != id {
		t.Fatalf("the ID was %s and is %s", id, n.ID())
	}
	c = on(t, n, Options[int]{Name: "a/b", TTL: time.Hour})
	if has(c, "7", 7) || !has(c, "8", 8) || c.Len() != 999 {
		t.Fatalf("%d entries, or the deleted one", c.Len())
	}
	if got, _ := c.Deadline("8"); !got.Equal(until) {
		t.Fatalf("the deadline was %v and is %v", until, got)
	}
	if other := on(t, n, Options[int]{Name: "a_b"}); other.Len() != 0 {
		t.Fatal("another cache has entries")
	}
}

// What peers did meanwhile comes, and nothing that was there before.
func TestRestartFetchesWhatItMissed(t *testing.T) {
	dir := t.TempDir()
	peer := joined(t, Mesh{Listen: []string{loopback}})
	there := on(t, peer, Options[int]{})
	n := joined(t, Mesh{Dir: dir, Bootstrap: peer.Addrs()})
	here := on(t, n, Options[int]{})
	for i := range 500 {
		here.Set(fmt.Sprint(i), i)
	}
	eventually(t, "the peer has all", func() bool { return there.Len() == 500 })
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	there.Delete("0")
	there.Set("1", -1)
	n = joined(t, Mesh{Dir: dir, Bootstrap: peer.Addrs()})
	here = on(t, n, Options[int]{})
	if here.Len() != 500 {
		t.Fatalf("%d entries at the start", here.Len())
	}
	eventually(t, "what was missed is here", func() bool { return !has(here, "0", 0) && has(here, "1", -1) })
	if moved := n.engine.Counters().Moved; moved > 4 {
		t.Fatalf("%d records moved, 2 were missed", moved)
	}
}

// TestFirstNodeFindsItsPeersAgain: a node that nobody told of another one remembers where they were, and is not ready with
// what others have deleted meanwhile.
func TestFirstNodeFindsItsPeersAgain(t *testing.T) {
	dir := t.TempDir()
	m := Mesh{Listen: []string{loopback}, Dir: dir, Timeout: time.Minute}
	first := joined(t, m)
	second := joined(t, Mesh{Listen: []string{loopback}, Bootstrap: first.Addrs()})
	c, d := on(t, first, Options[int]{}), on(t, second, Options[int]{})
	ready(t, first, second)
	if err := c.Set("k", 1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other one has it", func() bool { return has(d, "k", 1) })
	eventually(t, "the peer is written down", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "peers"))
		return strings.Contains(string(b), second.ID())
	})
	first.Close()
	d.Delete("k")
	// It comes back on another port, where the second one cannot look for it.
	first = joined(t, m)
	c = on(t, first, Options[int]{})
	if err := first.Ready(soon(t)); err != nil {
		t.Fatal(err)
	}
	if _, there := c.GetIfPresent("k"); there {
		t.Error("it is ready with a value that was deleted")
	}
}

// A process that dies without a word leaves what it saved last.
func TestKilledNodeLeavesItsLastSnapshot(t *testing.T) {
	dir := t.TempDir()
	n := joined(t, Mesh{Dir: dir})
	c := on(t, n, Options[int]{})
	c.Set("k", 1)
	c.save()
	if got := figure(t, n, "geolru_snapshots_written_total"); got != 1 {
		t.Fatalf("%v snapshots written", got)
	}
	c.Set("k", 2)
	if again := on(t, joined(t, Mesh{Dir: cloned(t, dir)}), Options[int]{}); !has(again, "k", 1) {
		t.Fatal("k is not what was saved")
	}
}

// Writers do not wait for a snapshot, and what comes of both at once is sound.
func TestSnapshotsWhileWriting(t *testing.T) {
	dir := t.TempDir()
	n := joined(t, Mesh{Dir: dir})
	c := on(t, n, Options[int]{Capacity: 500})
	var writers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for i := w; ; i += 4 {
				select {
				case <-stop:
					return
				default:
				}
				c.Set(fmt.Sprint(i%1000), i)
				c.Delete(fmt.Sprint(i % 777))
			}
		})
	}
	for range 10 {
		c.save()
		if again := on(t, joined(t, Mesh{Dir: cloned(t, dir)}), Options[int]{Capacity: 500}); figure(t, again.node, "geolru_snapshots_refused_total") != 0 {
			t.Error("a snapshot is refused")
		}
	}
	close(stop)
	writers.Wait()
}

// cloned is a copy of a node's directory, as a kill would leave it.
func cloned(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(to, "identity.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestCacheReopenedOnItsNode(t *testing.T) {
	n := joined(t, Mesh{Dir: t.TempDir()})
	c := on(t, n, Options[string]{})
	c.Set("k", "v")
	c.Close()
	if c = on(t, n, Options[string]{}); !has(c, "k", "v") {
		t.Fatal("k is gone")
	}
	c.Close()
	if c = on(t, n, Options[string]{TTL: time.Hour}); c.Len() != 0 || figure(t, n, "geolru_snapshots_refused_total") != 1 {
		t.Fatal("restored with another TTL")
	}
}

func TestBadSnapshotIsAColdStart(t *testing.T) {
	dir := t.TempDir()
	n := joined(t, Mesh{Dir: dir})
	on(t, n, Options[string]{}).Set("k", "v")
	n.Close()
	path := only(t, dir, ".snapshot")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	n = joined(t, Mesh{Dir: dir})
	c := on(t, n, Options[string]{})
	if c.Len() != 0 || figure(t, n, "geolru_snapshots_refused_total") != 1 {
		t.Fatalf("%d entries", c.Len())
	}
	only(t, dir, ".bad")
	c.Set("k", "w")
	n.Close()
	if c = on(t, joined(t, Mesh{Dir: dir}), Options[string]{}); !has(c, "k", "w") {
		t.Fatal("the next snapshot is not restored")
	}
}

// What cannot be written is counted; the cache serves on, and closing is no error.
func TestSnapshotThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	n := joined(t, Mesh{Dir: dir})
	c := on(t, n, Options[string]{})
	if err := os.MkdirAll(filepath.Join(dir, n.disk.file("default"), "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.Set("k", "v")
	c.save()
	if got := figure(t, n, "geolru_snapshots_failed_total"); got != 1 || !has(c, "k", "v") {
		t.Fatalf("%v failures", got)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Fatalf("left over: %q", left)
	}
}

// A cache whose last snapshot cannot be written starts cold: what was there before holds what was deleted since.
func TestLastSnapshotThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	n := joined(t, Mesh{Dir: dir})
	c := on(t, n, Options[int]{})
	c.Set("k", 1)
	c.save()
	c.Delete("k")
	if err := os.MkdirAll(filepath.Join(dir, n.disk.file("default")+".tmp", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if c = on(t, n, Options[int]{}); has(c, "k", 1) {
		t.Fatal("what was deleted is back")
	}
	if got := figure(t, n, "geolru_snapshots_failed_total"); got != 1 {
		t.Fatalf("%v failures", got)
	}
}

// readOnly is a directory in which nothing can be made or removed, but what is there can be written to.
type readOnly struct{ snapshot.Dir }

func (readOnly) Create(string) (snapshot.File, error) { return nil, os.ErrPermission }
func (readOnly) Remove(string) error                  { return os.ErrPermission }
func (readOnly) Rename(string, string) error          { return os.ErrPermission }

// What was deleted does not come back from a directory either that takes nothing new and lets nothing go.
func TestDeletedStaysDeletedInAReadOnlyDirectory(t *testing.T) {
	n := joined(t, Mesh{Dir: t.TempDir()})
	c := on(t, n, Options[int]{})
	c.Set("k", 1)
	c.save()
	n.disk.dir = readOnly{n.disk.dir}
	c.Delete("k")
	c.Close()
	if c = on(t, n, Options[int]{}); has(c, "k", 1) {
		t.Fatal("what was deleted is back")
	}
}

func TestSecondNodeOnOneDirIsRefused(t *testing.T) {
	dir := t.TempDir()
	first := joined(t, Mesh{Dir: dir})
	if _, err := Join(t.Context(), Mesh{Dir: dir}); !errors.Is(err, snapshot.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("the second one: %v", err)
	}
	if said := joinElsewhere(t, dir); !strings.Contains(said, snapshot.ErrLocked.Error()) {
		t.Fatalf("another process: %s", said)
	}
	first.Close()
	if said := joinElsewhere(t, dir); !strings.Contains(said, "joined") {
		t.Fatalf("another process, alone: %s", said)
	}
	joined(t, Mesh{Dir: dir})
}

// An Open that is refused does nothing to what the cache of that name keeps.
func TestRefusedOpenLeavesTheSnapshot(t *testing.T) {
	dir := t.TempDir()
	n := joined(t, Mesh{Dir: dir})
	c := on(t, n, Options[int]{TTL: time.Hour})
	c.Set("k", 1)
	c.save()
	if _, err := Open(Options[int]{Node: n, TTL: 2 * time.Hour}); err == nil {
		t.Fatal("opened twice")
	}
	if again := on(t, joined(t, Mesh{Dir: cloned(t, dir)}), Options[int]{TTL: time.Hour}); !has(again, "k", 1) {
		t.Fatal("the snapshot is lost")
	}
}

// Who opens a cache while another goroutine closes it gets what that one left, never what stood on the disk before.
func TestOpenedAgainWhileClosing(t *testing.T) {
	const keys = 20_000
	n := joined(t, Mesh{Dir: t.TempDir()})
	o := Options[int]{Node: n, Capacity: keys + keys/10}
	c := on(t, n, o)
	for i := range keys {
		c.Set(fmt.Sprint(i), i)
	}
	c.save()
	c.Clear()
	c.Set("last", 1)
	go c.Close()
	var again *Cache[int]
	eventually(t, "it is open again", func() (ok bool) {
		var err error
		again, err = Open(o)
		return err == nil
	})
	if !has(again, "last", 1) || again.Len() != 1 {
		t.Fatalf("%d entries, last is there: %v", again.Len(), has(again, "last", 1))
	}
}

// A node that is closed while another goroutine closes a cache on it leaves its last snapshot, too.
func TestNodeClosedWhileACacheCloses(t *testing.T) {
	dir := t.TempDir()
	n := joined(t, Mesh{Dir: dir})
	c := on(t, n, Options[int]{})
	c.Set("k", 1)
	go c.Close()
	eventually(t, "the cache closes", func() bool { return len(n.open()) == 0 })
	n.Close()
	if again := on(t, joined(t, Mesh{Dir: dir}), Options[int]{}); !has(again, "k", 1) {
		t.Fatal("the last snapshot is lost")
	}
}

// A directory that could not be used is given back.
func TestFailedJoinGivesTheDirectoryBack(t *testing.T) {
	dir := t.TempDir()
	if _, err := Join(t.Context(), Mesh{Dir: dir, Listen: []string{"nonsense"}}); err == nil {
		t.Fatal("joined")
	}
	joined(t, Mesh{Dir: dir})
}

const elsewhere = "GEOLRU_TEST_DIR"

// joinElsewhere is what another process says when it joins with this directory.
func joinElsewhere(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.CommandContext(soon(t), os.Args[0], "-test.run=^TestJoinElsewhere$", "-test.v")
	cmd.Env = append(os.Environ(), elsewhere+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestJoinElsewhere is the other process.
func TestJoinElsewhere(t *testing.T) {
	dir := os.Getenv(elsewhere)
	if dir == "" {
		t.Skip("only as another test's process")
	}
	n, err := Join(t.Context(), Mesh{Dir: dir})
	if err != nil {
		t.Log(err)
		return
	}
	t.Log("joined")
	n.Close()
}

func TestSnapshotFileNames(t *testing.T) {
	seen := map[string]string{}
	long := strings.Repeat("é", 127)
	for _, cluster := range []string{"a", "A", "a b"} {
		d := &disk{cluster: cluster}
		for _, cache := range []string{"users", "Users", "../users", "a/b", "a\\b", "a\x00b", "b", "b c", long, long + "x", "con", ".", ""} {
			file := d.file(cache)
			if len(file) > 100 || strings.Trim(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != "" || file[0] == '.' {
				t.Errorf("%q of %q is kept in %q", cache, cluster, file)
			}
			if same, ok := seen[strings.ToLower(file)]; ok {
				t.Errorf("%q and %q of %q share a file", same, cache, cluster)
			}
			seen[strings.ToLower(file)] = cache
		}
	}
}
