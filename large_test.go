package geolru

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// sevenMiB is a value near the largest, of random bytes.
func sevenMiB() []byte {
	b := make([]byte, 7<<20)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// reading is a read of a large value that is under way.
type reading struct {
	value []byte
	err   error
	over  chan struct{} // closed when it has ended
}

func begin(ctx context.Context, c *Cache[[]byte], key string) *reading {
	r := &reading{over: make(chan struct{})}
	go func() {
		defer close(r.over)
		r.value, r.err = c.Get(ctx, key)
	}()
	return r
}

func (r *reading) ended() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

func put(t *testing.T, c *Cache[[]byte], key string, value []byte) {
	t.Helper()
	if err := c.Set(key, value); err != nil {
		t.Fatal(err)
	}
}

// announced writes a large value on the first node until the last has heard of it and does not hold it: a sync that happens
// to be under way brings it whole. It returns the key.
func announced(t *testing.T, value []byte, caches ...*Cache[[]byte]) string {
	t.Helper()
	for i := 0; ; i++ {
		key := fmt.Sprint("large", i)
		put(t, caches[0], key, value)
		eventually(t, "it is known of", func() bool {
			if caches[0].mesh.Store().Waiting() > 0 {
				return false
			}
			for _, c := range caches {
				if c.mesh.Digest().Hash() != caches[0].mesh.Digest().Hash() {
					return false
				}
			}
			return true
		})
		if _, here := caches[len(caches)-1].GetIfPresent(key); !here {
			return key
		}
	}
}

// TestLargeValue is fetched at the first read over a way that it fills, once for all who wait for it, and look-ups of small
// ones go on meanwhile.
func TestLargeValue(t *testing.T) {
	p := newPair(t, 50_000, 10)
	for i := range 1000 {
		put(t, p.c[0], fmt.Sprint("small", i), make([]byte, 20<<10)) // announced alone, as the large one
	}
	large := sevenMiB()
	key := announced(t, large, p.c[:]...)
	p.way.rate.Store(8 << 20)
	defer p.way.rate.Store(0)
	parts := p.lanes("part")
	readers := []*reading{begin(t.Context(), p.c[1], key), begin(t.Context(), p.c[1], key), begin(t.Context(), p.c[1], key)}
	looked := 0
	for i := 0; !readers[0].ended() && i < 1000; i++ {
		if _, err := p.c[1].Get(t.Context(), fmt.Sprint("small", i)); err != nil {
			t.Fatal(err)
		}
		looked = i
	}
	for _, r := range readers {
		if <-r.over; r.err != nil || !bytes.Equal(r.value, large) {
			t.Errorf("%d bytes, %v", len(r.value), r.err)
		}
	}
	if looked < 2 {
		t.Errorf("%d small look-ups while a large value came", looked)
	}
	if sent := p.lanes("part") - parts; sent > 1.01*float64(len(large)) {
		t.Errorf("%.0f bytes of parts for a value of %d", sent, len(large))
	}
	t.Logf("%d small look-ups meanwhile", looked)
}

// TestLargeValueGoesOn: two hold it, and the way to the one that sends it is cut in the middle.
func TestLargeValueGoesOn(t *testing.T) {
	ways := []*proxy{newProxy(t), newProxy(t)}
	a := ways[0].behind(t, Mesh{})
	b := ways[1].behind(t, Mesh{Bootstrap: []string{ways[0].addr()}})
	c := joined(t, Mesh{Bootstrap: []string{ways[0].addr(), ways[1].addr()}})
	nodes := []*Node{a, b, c}
	var caches []*Cache[[]byte]
	for _, n := range nodes {
		caches = append(caches, on(t, n, Options[[]byte]{Capacity: 1000}))
	}
	ready(t, nodes...)
	eventually(t, "all are connected", func() bool { return len(c.Peers()) == 2 && c.Peers()[0].Connected && c.Peers()[1].Connected })
	large := sevenMiB()
	key := announced(t, large, caches...)
	if got, err := caches[1].Get(t.Context(), key); err != nil || !bytes.Equal(got, large) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	before := []float64{laneBytes(t, a, "part"), laneBytes(t, b, "part")}
	for _, w := range ways {
		w.rate.Store(8 << 20)
		defer w.rate.Store(0)
	}
	r := begin(t.Context(), caches[2], key)
	eventually(t, "a part of it has come", func() bool { return caches[2].mesh.Load().Streams > 2<<20 || r.ended() })
	sender := 0
	if laneBytes(t, b, "part")-before[1] > laneBytes(t, a, "part")-before[0] {
		sender = 1
	}
	ways[sender].cut()
	if <-r.over; r.err != nil || !bytes.Equal(r.value, large) {
		t.Errorf("%d bytes, %v", len(r.value), r.err)
	}
	other := nodes[1-sender]
	if sent := laneBytes(t, other, "part") - before[1-sender]; sent == 0 || sent > float64(len(large)-1<<20) {
		t.Errorf("the other holder has sent %.0f bytes of %d", sent, len(large))
	}
}

// TestLargeValueIsGivenUp with its last reader.
func TestLargeValueIsGivenUp(t *testing.T) {
	p := newPair(t, 1000, 10)
	key := announced(t, sevenMiB(), p.c[:]...)
	p.way.rate.Store(2 << 20)
	defer p.way.rate.Store(0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := begin(ctx, p.c[1], key)
	eventually(t, "it comes", func() bool { return p.c[1].mesh.Load().Streams > 0 })
	cancel()
	if <-r.over; !errors.Is(r.err, context.Canceled) {
		t.Errorf("%v", r.err)
	}
	eventually(t, "nothing is held of it", func() bool { return p.c[1].mesh.Load().Streams == 0 })
}
