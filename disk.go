package geolru

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/store"
)

const (
	// keepEvery is how often snapshots are written. What a crash loses of them comes by sync; in five minutes that is
	// little beside what a cold start would fetch.
	keepEvery = 5 * time.Minute

	// defaultCluster is the cluster that p2p takes "" for.
	defaultCluster = "geolru"
)

// disk is Mesh.Dir: taken for this node alone, with a snapshot of each cache in it. nil keeps nothing. Safe for
// concurrent use.
type disk struct {
	dir     snapshot.Dir
	cluster string
	log     *slog.Logger
	lock    io.Closer

	written, failed, refused atomic.Uint64 // snapshots written; not written, or not restored
	unkept                   atomic.Uint64 // journals that could not be written

	mu sync.Mutex // one snapshot is written at a time
}

// openDisk takes the directory; nil if there is to be none.
func openDisk(m Mesh) (*disk, error) {
	if m.Dir == "" {
		return nil, nil
	}
	lock, err := snapshot.Lock(m.Dir)
	if err != nil {
		return nil, fmt.Errorf("geolru: join: take Mesh.Dir: %w", err)
	}
	return &disk{dir: snapshot.At(m.Dir), cluster: cmp.Or(m.Cluster, defaultCluster), log: m.Log, lock: lock}, nil
}

// close gives the directory back, once all caches have parted.
func (d *disk) close() error {
	if d == nil {
		return nil
	}
	return d.lock.Close()
}

func (d *disk) title(cache string, ttl int64) snapshot.Title {
	return snapshot.Title{Cluster: d.cluster, Cache: cache, TTL: ttl}
}

// save writes a snapshot of a cache, and ends what of its journal is in there. A failure is counted and logged: the cache
// serves on, and what was there before still is.
func (d *disk) save(c *replica.Cache, j *journal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if j.over() {
		return
	}
	if err := d.write(c, j, nil); err != nil {
		d.failed.Add(1)
		d.log.Error("geolru: no snapshot is written, the one before stays", "cache", j.cache, "err", err)
	}
}

// part is the end of what is kept of a cache that hears nothing more: its last snapshot, and no journal. If that cannot be
// written, what was there before goes, for it holds what was deleted since; often its room is what was lacking.
func (d *disk) part(c *replica.Cache, j *journal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer j.close()
	s := newSlow(d.log)
	err := d.write(c, j, s)
	if err == nil {
		return
	}
	d.log.Warn("geolru: the last snapshot is not written; once more, in the room of the one before", "cache", j.cache, "err", err)
	stays := d.drop(j)
	if err = d.write(c, j, s); err == nil {
		return
	}
	d.failed.Add(1)
	if stays != nil {
		d.log.Error("geolru: no last snapshot is written, and an older one is restored at the next start", "cache", j.cache, "err", errors.Join(err, stays))
		return
	}
	d.log.Error("geolru: no last snapshot is written, the cache starts cold", "cache", j.cache, "err", err)
}

// write writes a snapshot; mu is held. If somebody waits for it, it says how far it is.
func (d *disk) write(c *replica.Cache, j *journal, waited *slow) error {
	mark := j.mark() // first: what was noted before that has been seen by now
	s, seen := c.Snapshot()
	if waited != nil {
		s.Records = counted(s.Records, waited, "geolru: the last snapshot is being written", j.cache)
	}
	t := d.title(j.cache, j.ttl)
	t.Created = seen
	if err := snapshot.Write(d.dir, d.file(j.cache), t, s); err != nil {
		return err
	}
	d.written.Add(1)
	j.trim(mark)
	return nil
}

// drop removes what is kept of a cache; mu is held.
func (d *disk) drop(j *journal) error {
	j.trim(j.mark())
	return snapshot.Drop(d.dir, d.file(j.cache))
}

// keep has a replica that is to open kept here, from its restore to its last snapshot.
func (d *disk) keep(r *replica.Options) *journal {
	cache, ttl := r.Name, r.TTL.Milliseconds()
	j := &journal{disk: d, cache: cache, ttl: ttl}
	r.Restore, r.Journal, r.Replay = d.restore(cache, ttl), j.note, j.replay
	r.Parted = func(c *replica.Cache) { d.part(c, j) }
	return j
}

// restore is what a replica calls when it opens.
func (d *disk) restore(cache string, ttl int64) func(fill func(*store.Snapshot) error) {
	return func(fill func(*store.Snapshot) error) {
		waited := newSlow(d.log)
		err := snapshot.Read(d.dir, d.file(cache), d.title(cache, ttl), time.Now().UnixMilli(), func(s *store.Snapshot) error {
			s.Records = counted(s.Records, waited, "geolru: the cache is being restored from its snapshot", cache)
			return fill(s)
		})
		switch {
		case err == nil:
			d.log.Info("geolru: cache restored from its snapshot", "cache", cache)
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, snapshot.ErrOld):
			d.log.Info("geolru: the snapshot is too old, the cache starts cold", "cache", cache)
		default:
			d.refused.Add(1)
			d.log.Warn("geolru: the snapshot is set aside, the cache starts cold", "cache", cache, "err", err)
		}
	}
}

// shown is how much of a cache's name is in that of its file, for people.
const shown = 40

// file names the snapshot of a cache. A name may hold what no file system takes, and two names may differ in what some
// take for the same: so a hash of cluster and name tells them apart.
func (d *disk) file(cache string) string { return d.base(cache) + ".snapshot" }

func (d *disk) base(cache string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", d.cluster, cache))
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, cache)
	return fmt.Sprintf("%s-%x", readable[:min(len(readable), shown)], sum[:8])
}

// keep writes a snapshot of every cache, now and then, until the node is closed.
func (n *Node) keep() {
	every(keepEvery, n.done, func() {
		for _, c := range n.open() {
			c.save()
		}
	})
}

// save writes a snapshot of the cache, if its node has a directory.
func (c *Cache[V]) save() {
	if c.journal != nil {
		c.node.disk.save(c.mesh, c.journal)
	}
}

var diskMetrics = []metric[*disk]{
	counter("snapshots_written", "Snapshots of caches that were written.", func(d *disk) uint64 { return d.written.Load() }),
	counter("snapshots_failed", "Snapshots that could not be written; the one before stays, unless the cache was closed.", func(d *disk) uint64 { return d.failed.Load() }),
	counter("snapshots_refused", "Snapshots that could not be restored and were set aside.", func(d *disk) uint64 { return d.refused.Load() }),
	counter("journals_failed", "Journals that could not be written; what a kill takes of a sync is sent again.", func(d *disk) uint64 { return d.unkept.Load() }),
}
