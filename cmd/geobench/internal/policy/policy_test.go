package policy

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/cmd/geobench/internal/ideal"
)

const keys = 24

func requests(t *rapid.T) []uint32 {
	return rapid.SliceOfN(rapid.Uint32Range(0, keys-1), 0, 400).Draw(t, "requests")
}

func sizes(t *rapid.T) int { return rapid.IntRange(1, keys).Draw(t, "size") }

func named(t testing.TB, name string) Policy {
	t.Helper()
	all := All()
	i := slices.IndexFunc(all, func(p Policy) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no policy %q", name)
	}
	return all[i]
}

func TestLRUIsLRU(t *testing.T) {
	p := named(t, LRU)
	rapid.Check(t, func(t *rapid.T) {
		all, size := requests(t), sizes(t)
		c, hits := p.New(keys, size), 0
		for _, key := range all {
			if c.Get(key) {
				hits++
			}
		}
		if want := ideal.NewLRU(all, keys).Hits(size); hits != want {
			t.Fatalf("%d hits, want %d", hits, want)
		}
	})
}

// Whatever the policy: what comes is held, a hit is a key that was held, nothing goes while there is room, and the
// cache knows what it holds.
func TestCacheKeepsItsPromises(t *testing.T) {
	for _, p := range All() {
		t.Run(p.Name, rapid.MakeCheck(func(t *rapid.T) {
			size := sizes(t)
			c := p.New(keys, size)
			for _, key := range requests(t) {
				had, held := c.Holds(key), c.Held()
				if rapid.Bool().Draw(t, "peer") {
					c.Arrive(key)
				} else if c.Get(key) != had {
					t.Fatalf("hit is not %v", had)
				}
				want := held
				if !had {
					want = min(held+1, size)
				}
				if !c.Holds(key) || c.Held() != want || count(c) != want || c.Full() != (want == size) {
					t.Fatalf("key %d, held before: %v; %d held, counted %d, want %d", key, had, c.Held(), count(c), want)
				}
			}
		}))
	}
}

func count(c *Cache) (n int) {
	for key := range uint32(keys) {
		if c.Holds(key) {
			n++
		}
	}
	return n
}

// Without a peer, what sets the unread apart is the order alone.
func TestUnreadCostsNothingAlone(t *testing.T) {
	for with, without := range map[string]string{
		"LRU + unread 20 %": LRU, "S3-FIFO + unread 5 %": "S3-FIFO", "ARC + unread 20 %": "ARC",
		"LRU + unread learns": LRU,
	} {
		a, b := named(t, with), named(t, without)
		rapid.Check(t, func(t *rapid.T) {
			size := sizes(t)
			x, y := a.New(keys, size), b.New(keys, size)
			for _, key := range requests(t) {
				if x.Get(key) != y.Get(key) {
					t.Fatalf("%s and %s differ at key %d", with, without, key)
				}
			}
		})
	}
}

// As many unread as their share survive whatever is read here, and no more do.
func TestUnreadKeepTheirShare(t *testing.T) {
	for _, p := range All() {
		if p.Share == 0 {
			continue
		}
		const size = 100
		share, c := size*p.Share/100, p.New(1000, size)
		for key := range uint32(size) {
			c.Get(key)
		}
		for key := range uint32(share + 10) {
			c.Arrive(500 + key)
		}
		for key := range uint32(400) {
			c.Get(100 + key)
		}
		for key := range uint32(share + 10) {
			if want := key >= 10; c.Holds(500+key) != want {
				t.Errorf("%s: unread %d of %d held: %v", p.Name, key, share+10, !want)
			}
		}
	}
}

func TestReadOnceAnUnreadIsOneOfTheOthers(t *testing.T) {
	c := named(t, "LRU + unread 10 %").New(1000, 100)
	c.Arrive(999)
	c.Get(999)
	for key := range uint32(100) {
		c.Get(key)
	}
	if c.Holds(999) {
		t.Error("it was read before 100 others, and is held in a cache of 100")
	}
}

// The share grows by misses of what was evicted unread, and shrinks by those of what had been read.
func TestShareLearns(t *testing.T) {
	const size = 100
	c := named(t, "LRU + unread learns").New(1000, size)
	for key := range uint32(size) {
		c.Get(key)
	}
	for key := range uint32(60) {
		c.Arrive(500 + key)
	}
	for key := range uint32(20) { // 500 to 549 went unread
		c.Get(500 + key)
	}
	if c.unread.share != 30 {
		t.Errorf("after 20 misses of the unread the share is %d, want 30", c.unread.share)
	}
	for key := range uint32(5) { // the first that were read and gone
		c.Get(key)
	}
	if c.unread.share != 25 {
		t.Errorf("after 5 misses of what was read the share is %d, want 25", c.unread.share)
	}
	for range 10 { // a loop that is a little too long for the cache
		for key := range uint32(size + 10) {
			c.Get(200 + key)
		}
	}
	if c.unread.share != 10 {
		t.Errorf("many misses later the share is %d, want 10, the least", c.unread.share)
	}
}
