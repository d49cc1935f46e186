package lru

import (
	"flag"
	"fmt"
	"math"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// A thousand checks take about a second; the command line may ask for others.
func init() { _ = flag.Set("rapid.checks", "1000") }

// tb gives the model of a rapid check what it needs of a testing.TB: to fail in a way that rapid can shrink.
type tb struct {
	testing.TB
	t *rapid.T
}

func (b tb) Helper()                           {}
func (b tb) Fatalf(format string, args ...any) { b.t.Fatalf(format, args...) }

type operation struct {
	Op  byte
	Arg int
}

func operations(span int) *rapid.Generator[operation] {
	return rapid.Custom(func(rt *rapid.T) operation {
		return operation{rapid.Byte().Draw(rt, "op"), rapid.IntRange(0, span-1).Draw(rt, "arg")}
	})
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(-1, 100).Draw(rt, "limit")
		span := rapid.SampledFrom([]int{3, 20, 200}).Draw(rt, "keys")
		hash := rapid.SampledFrom(hashes).Draw(rt, "hash")
		n := rapid.IntRange(1, 5*span).Draw(rt, "count") // a slice of free length would hold six or so
		m := newModel(tb{t, rt}, limit, hash)
		for i, op := range rapid.SliceOfN(operations(span), n, n).Draw(rt, "ops") {
			m.do(op.Op, op.Arg)
			if span < 200 || i%16 == 0 {
				m.check()
			}
		}
		m.check()
	})
}

// FuzzModel reads its input as: the hash, the limit, then pairs of an operation and a key.
func FuzzModel(f *testing.F) {
	f.Add([]byte("\x00\x04\x00a\x04a\x00b\x04b\x00c\x06c\x02\x00\x03b\x00d"))
	f.Add([]byte("\x01\x40\x00a\x00b\x00c\x00d\x00e\x00f\x00g\x03b\x03c\x07a\x02a\x00h"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) < 2 {
			return
		}
		m := newModel(t, int(in[1]), hashes[int(in[0])%len(hashes)])
		for ops := in[2:min(len(in), 4096)]; len(ops) > 1; ops = ops[2:] {
			m.do(ops[0], int(ops[1]))
		}
		m.check()
	})
}

// A shift back must leave alone what is at home, and go around the end of the cells.
func TestRemoveAroundTheEnd(t *testing.T) {
	homes := []uint64{6, 6, 7, 6, 0, 1} // of 8 cells: they come to lie in 6 7 0 1 2 3
	for gone := range homes {
		table := New[int](0)
		for i, h := range homes {
			table.Insert(h, fmt.Sprint(i))
		}
		table.Remove(uint32(gone + 1))
		for i, h := range homes {
			if _, ok := table.Find(h, fmt.Sprint(i)); ok != (i != gone) {
				t.Errorf("without %d, Find(%d) = %v", gone, i, ok)
			}
		}
	}
}

// The cells compare hash bits that choose no home, however many cells there are; the highest slot fits beside them.
func TestLargeTable(t *testing.T) {
	const n = 3 << 15 // fills 1<<17 cells to three quarters
	table := New[int](n)
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
		*table.At(table.Insert(fnv(keys[i]), keys[i])) = i
	}
	if got := len(table.index.cells); got != 1<<17 {
		t.Fatalf("%d cells", got)
	}
	for i, key := range keys {
		if slot, ok := table.Find(fnv(key), key); !ok || *table.At(slot) != i {
			t.Fatalf("Find(%q) = %d, %v", key, slot, ok)
		}
	}
	for i := range uint32(n) {
		table.Remove(i + 1)
	}
	if table.Len() != 0 || table.index.cells[0] != 0 {
		t.Fatalf("%d slots left", table.Len())
	}
}

func TestMisuse(t *testing.T) {
	table := New[int](0)
	free, kept := table.Insert(1, "free"), table.Insert(2, "kept")
	table.Use(free)
	table.Use(kept)
	table.Remove(free)
	methods := map[string]func(uint32){"Use": table.Use, "Cold": table.Cold, "Unlink": table.Unlink, "Remove": table.Remove}
	for name, method := range methods {
		for _, slot := range []uint32{0, free, 3, math.MaxUint32} {
			if !panics(func() { method(slot) }) {
				t.Errorf("%s(%d) did not panic", name, slot)
			}
		}
	}
	if slot, ok := table.Oldest(); !ok || slot != kept || table.Len() != 1 || table.InOrder() != 1 {
		t.Errorf("misuse changed the table")
	}
	if slot := table.Insert(1, "again"); slot != free {
		t.Errorf("the free slot %d was lost, got %d", free, slot)
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestRoom(t *testing.T) {
	for _, c := range []struct{ have, limit, want int }{
		{0, 4096, 16}, {0, 5, 5}, {0, 0, 1}, {0, -1, 1}, {16, 0, 21}, {16, 4096, 24}, {3000, 4096, 4096}, {4095, 4096, 4096},
		{4096, 4096, 4225}, {4225, 4096, 4358},
	} {
		if got := room(c.have, c.limit); got != c.want {
			t.Errorf("room(%d, %d) = %d, want %d", c.have, c.limit, got, c.want)
		}
	}
}

// A full shard costs, beside key and value, 8 bytes of links, 4 of hash and at most 8 of index for each slot.
func TestOverhead(t *testing.T) {
	const limit = 4096
	table := New[[10]uint64](limit)
	for i := range limit {
		table.Insert(fnv(fmt.Sprint(i)), fmt.Sprint(i))
	}
	if cap(table.slab) != limit+1 || cap(table.index.hashes) != limit+1 {
		t.Errorf("the arrays have room for %d, %d", cap(table.slab), cap(table.index.hashes))
	}
	if got := unsafe.Sizeof(table.slab[0]) - unsafe.Sizeof(*table.At(0)); got != unsafe.Sizeof("")+8 {
		t.Errorf("a slot of the slab has %d bytes beside its value", got)
	}
	if got := 4 * len(table.index.cells); got > 8*limit {
		t.Errorf("the index has %d bytes", got)
	}
}

func TestAllocatesOnlyToGrow(t *testing.T) {
	const n = 1000
	table, keys := New[int](n), make([]string, 2*n)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	for i := range n {
		table.Use(table.Insert(fnv(keys[i]), keys[i]))
	}
	next := n
	if got := testing.AllocsPerRun(10*n, func() {
		oldest, _ := table.Oldest()
		table.Remove(oldest)
		table.Use(table.Insert(fnv(keys[next]), keys[next]))
		next = (next + 1) % len(keys)
	}); got != 0 {
		t.Errorf("%v allocations for each eviction and insertion", got)
	}
}
