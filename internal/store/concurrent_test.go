package store

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/geolru/geolru/crdt"
)

// crowd is a store that many use at once, and a mirror kept by its changes alone. The mirror has a map for each shard,
// which nothing guards but the lock of that shard under which it is told.
type crowd struct {
	*rig
	mirror []map[string]Change[[]byte]
}

func newCrowd(replicas bool) *crowd {
	c := &crowd{rig: &rig{}}
	c.now.Store(dawn)
	cfg := Config[[]byte]{
		Capacity: 200, TTL: life, Replicated: replicas, Ghosts: 60, Tombstones: 40, Hash: seededHash(), Now: c.now.Load,
		Rank: rankBytes, Dirty: func() {}, Evicted: func(string, []byte, Cause) {}, Forgot: func(crdt.Dot) {},
	}
	if replicas {
		cfg.Stamp = c.draw
	}
	c.Store = sharded(cfg, 4)
	for range c.shards {
		c.mirror = append(c.mirror, map[string]Change[[]byte]{})
	}
	c.OnChange(c.reflect)
	return c
}

func (c *crowd) reflect(ch Change[[]byte]) {
	if ch.Kind != ChangeClear {
		c.mirror[(c.cfg.Hash(ch.Key)>>32)*uint64(len(c.shards))>>32][ch.Key] = ch
		return
	}
	for _, m := range c.mirror {
		clear(m)
	}
}

// write does random things to few keys.
func (c *crowd) write(rnd *rand.Rand, steps int) {
	for range steps {
		key := fmt.Sprint("k", rnd.IntN(400))
		switch rnd.IntN(20) {
		case 0:
			c.Delete(key)
		case 1:
			c.Touch(key, 1+rnd.Int64N(life))
		case 2:
			c.SetIf(key, c.Known(key).Version, []byte("if"), KeepTTL)
		case 3:
			c.EndLoad(key, c.BeginLoad(key), []byte("loaded"), 1+rnd.Int64N(life))
		case 4, 5, 6:
			c.Get(key, c.now.Load())
		case 7, 8:
			c.receive(rnd, key)
		case 9:
			c.now.Add(rnd.Int64N(5))
		case 10:
			if rnd.IntN(50) == 0 {
				c.Clear()
			}
		default:
			c.Set(key, []byte("set"), 1+rnd.Int64N(life))
		}
	}
}

func (c *crowd) receive(rnd *rand.Rand, key string) {
	if !c.cfg.Replicated {
		return
	}
	now := c.now.Load()
	rec := written([]crdt.Kind{crdt.Value, crdt.Ghost, crdt.Tombstone}[rnd.IntN(3)], key, now-dawn-rnd.Int64N(50), "got")
	rec.Seq = 1 + rnd.Uint64N(1<<40)
	c.clock.Raise(rec.Version.Time)
	c.Merge(rec, now, func(crdt.Origin) uint64 { return full }, Via(rnd.IntN(3)))
}

// observe looks at what must hold at any moment.
func (c *crowd) observe(t *testing.T) {
	for i := range c.shards {
		sh := &c.shards[i]
		sh.mu.Lock()
		if sh.ghosts.len() > sh.ghosts.limit || sh.tombs.len() > sh.tombs.limit {
			t.Errorf("%d ghosts, %d tombstones", sh.ghosts.len(), sh.tombs.len())
		}
		sh.mu.Unlock()
	}
	if n := c.Counts(); n.Entries > 200 || n.Ghosts > 60 || n.Tombstones > 40 {
		t.Errorf("%+v", n)
	}
}

// send empties the outbox, not always to the end, and holds the numbers against what they promise: none twice.
func (c *crowd) send(t *testing.T, rnd *rand.Rand, given map[uint64]crdt.Version) {
	c.Drain(func(rec Record[[]byte], touch bool) bool {
		if rec.Version.Origin == self && rec.Seq != 0 {
			if v, ok := given[rec.Seq]; ok && v != rec.Version {
				t.Errorf("number %d is of %v and of %v", rec.Seq, v, rec.Version)
			}
			given[rec.Seq] = rec.Version
		}
		return rnd.IntN(10) > 0
	})
}

func TestManyAtOnce(t *testing.T) {
	for _, replicas := range []bool{false, true} {
		t.Run(fmt.Sprint("replicated ", replicas), func(t *testing.T) {
			c := newCrowd(replicas)
			c.run(t)
			recount(t, c.Store)
			c.checkMirror(t)
			for !c.Expire(c.now.Add(2 * keep)) {
			}
			recount(t, c.Store)
			if n := c.Counts(); n.Entries+n.Ghosts+n.Tombstones+c.Waiting() != 0 {
				t.Errorf("in the end %+v is left, %d wait", n, c.Waiting())
			}
		})
	}
}

// run lets eight write while others look, walk, send and sweep.
func (c *crowd) run(t *testing.T) {
	var writers, others sync.WaitGroup
	var done atomic.Bool
	for i := range 8 {
		writers.Go(func() { c.write(rand.New(rand.NewPCG(1, uint64(i))), 4000) })
	}
	given := map[uint64]crdt.Version{}
	rnd := rand.New(rand.NewPCG(2, 2))
	for _, f := range []func(){
		func() { c.observe(t) },
		func() { c.walk(t) },
		func() { c.send(t, rnd, given); c.DotAll() },
		func() { c.Expire(c.now.Load()); c.Len(); c.Cleared() },
	} {
		others.Go(func() {
			for !done.Load() {
				f()
			}
		})
	}
	writers.Wait()
	done.Store(true)
	others.Wait()
}

// walk visits all by both ways.
func (c *crowd) walk(t *testing.T) {
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = c.Walk(cursor, 7, func(rec Record[[]byte]) bool {
			if c.cfg.Replicated && rec.Seq == 0 {
				t.Errorf("%v has no number", rec)
			}
			return true
		})
	}
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = c.Scan(cursor, 7, func(Record[[]byte]) {})
	}
}

// checkMirror: whoever followed the changes has what is held, and nothing else.
func (c *crowd) checkMirror(t *testing.T) {
	for i := range c.shards {
		sh := &c.shards[i]
		for _, key := range usage(sh) {
			ch, r := c.mirror[i][key], c.held(sh, key)
			if ch.Kind != ChangePut || ch.Register.Version != r.Version || ch.Register.Deadline != r.Deadline {
				t.Errorf("%q is held as %v, was told as %v", key, r, ch)
			}
		}
		for key, ch := range c.mirror[i] {
			if ch.Kind == ChangePut && ch.Register.Kind == crdt.Value && c.held(sh, key).Kind != crdt.Value {
				t.Errorf("%q was told as %v, held is %v", key, ch, c.held(sh, key))
			}
		}
	}
}

// held is what is in the slot of a key.
func (c *crowd) held(sh *shard[[]byte], key string) crdt.Register {
	if slot, ok := sh.table.Find(c.cfg.Hash(key), key); ok {
		return sh.reg(slot)
	}
	return crdt.Register{}
}

// A local write that came back without an error is read by whoever wrote it, whatever else happens to other keys.
func TestOwnWritesAreReadAmongMany(t *testing.T) {
	c := newCrowd(true)
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			key := fmt.Sprint("own", i)
			for n := range 2000 {
				want := fmt.Sprint(n)
				at, err := c.Set(key, []byte(want), life)
				if err != nil {
					t.Error(err)
				}
				if v, r, ok := c.Peek(key, c.now.Load()); !ok || string(v) != want || r.Version != at {
					t.Errorf("wrote %q at %v, read %q at %v", want, at, v, r.Version)
				}
			}
		})
	}
	writers.Wait()
	recount(t, c.Store)
}

// A shard that had a line of memory in common with another would be slowed down by it, and one whose first line does not
// hold what a hit touches by itself.
func TestShardsAreWholeLines(t *testing.T) {
	var sh shard[[]byte]
	if size := unsafe.Sizeof(sh); size%lines != 0 {
		t.Errorf("a shard is %d bytes", size)
	}
	if at := unsafe.Offsetof(sh.table); at != 32 {
		t.Errorf("the table begins at byte %d", at)
	}
}
