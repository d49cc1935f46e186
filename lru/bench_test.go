package lru

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"
)

const benchEntries = 1 << 20

type benchKey struct {
	key  string
	hash uint64
}

// benchTable is a full table of a million, and keys in random order: the first half are in it.
func benchTable() (*Table[[6]uint64], []benchKey) {
	seed := maphash.MakeSeed()
	keys := make([]benchKey, 2*benchEntries)
	for i := range keys {
		key := fmt.Sprintf("key-%012d", i)
		keys[i] = benchKey{key, maphash.String(seed, key)}
	}
	rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	t := New[[6]uint64](benchEntries)
	for _, i := range rand.Perm(benchEntries) {
		t.Use(t.Insert(keys[i].hash, keys[i].key))
	}
	return t, keys
}

func BenchmarkFindHit(b *testing.B) {
	t, keys := benchTable()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		k := keys[i%benchEntries]
		if _, ok := t.Find(k.hash, k.key); !ok {
			b.Fatalf("%q is missing", k.key)
		}
	}
}

func BenchmarkUse(b *testing.B) {
	t, _ := benchTable()
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		t.Use(i*2654435761%benchEntries + 1)
	}
}

func BenchmarkEvictAndInsert(b *testing.B) {
	t, keys := benchTable()
	for n := t.InOrder(); n > 0; n-- { // in the order of keys, so that the one inserted next was evicted long ago
		slot, _ := t.Find(keys[benchEntries-n].hash, keys[benchEntries-n].key)
		t.Use(slot)
	}
	b.ReportAllocs()
	for i := benchEntries; b.Loop(); i++ {
		oldest, _ := t.Oldest()
		t.Remove(oldest)
		k := keys[i%len(keys)]
		t.Use(t.Insert(k.hash, k.key))
	}
}
