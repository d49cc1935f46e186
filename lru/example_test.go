package lru_test

import (
	"fmt"
	"hash/maphash"

	"github.com/geolru/geolru/lru"
)

// A cache of two entries.
func Example() {
	seed := maphash.MakeSeed()
	t := lru.New[int](2)
	set := func(key string, value int) {
		hash := maphash.String(seed, key)
		slot, ok := t.Find(hash, key)
		if !ok {
			if t.InOrder() == 2 {
				oldest, _ := t.Oldest()
				fmt.Println("evict", t.Key(oldest))
				t.Remove(oldest)
			}
			slot = t.Insert(hash, key)
		}
		*t.At(slot) = value
		t.Use(slot)
	}
	set("a", 1)
	set("b", 2)
	set("a", 3)
	set("c", 4)

	slot, ok := t.Find(maphash.String(seed, "a"), "a")
	fmt.Println(*t.At(slot), ok)
	// Output:
	// evict b
	// 3 true
}

// A walk goes from the entry that would be evicted first to the one used last.
func ExampleTable_Newer() {
	t := lru.New[int](3)
	for i, key := range []string{"a", "b", "c"} {
		t.Use(t.Insert(uint64(i), key))
	}
	a, _ := t.Find(0, "a")
	t.Use(a)
	for slot, ok := t.Oldest(); ok; slot, ok = t.Newer(slot) {
		fmt.Println(t.Key(slot))
	}
	// Output:
	// b
	// c
	// a
}

// An entry outside the order is found but never evicted.
func ExampleTable_Unlink() {
	t := lru.New[string](2)
	kept := t.Insert(1, "kept")
	t.Use(kept)
	t.Unlink(kept)

	_, evictable := t.Oldest()
	_, found := t.Find(1, "kept")
	fmt.Println(evictable, found)
	// Output: false true
}
