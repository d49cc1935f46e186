package snapshot_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/store"
	"github.com/geolru/geolru/internal/wire"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	large := sample(500, 1000, 100_000)
	for i := range 5000 {
		large.seen = append(large.seen, crdt.Known{Origin: crdt.Origin(100 + i), Head: 1 << 62, Last: crdt.At(now)})
		large.past.Forgotten[crdt.Origin(100+i)] = store.Forgotten{N: 1 << 62, Time: crdt.At(now)}
	}
	for i := range 10 {
		k := crdt.Known{Origin: crdt.Origin(1<<60 + i), Head: 1, Last: crdt.At(now)}
		for r := range uint64(4000) {
			k.Ranges = append(k.Ranges, crdt.Range{Lo: 1<<50*(r+1) + 2, Hi: 1<<50*(r+1) + 1<<49})
		}
		large.seen = append(large.seen, k)
	}
	largest := sample(0, 0, 0)
	largest.records = append([]store.Record[[]byte]{record(0, wire.MaxValue), record(1, 0), record(3, wire.MaxValue)}, largest.records...)
	for i, m := range []*image{{}, sample(0, 0, 0), sample(50, 0, 0), sample(3000, 10, 10), large, largest} {
		d := &sim.Disk{}
		write(t, d, m)
		for _, b := range blocks(d.Get(name)) {
			if len(b) > 64<<10+8 && len(b) < 100_000 {
				t.Errorf("image %d: a block of %d bytes", i, len(b))
			}
		}
		got, err := read(d, title, now)
		if err != nil || !same(got, m) {
			t.Fatalf("image %d: %v", i, err)
		}
	}
}

func TestAnyContentComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &image{past: store.Past{Floor: crdt.Time(rapid.Uint64().Draw(rt, "floor")), Ceiling: crdt.Time(rapid.Uint64().Draw(rt, "ceiling"))}}
		for i := range rapid.IntRange(0, 300).Draw(rt, "records") {
			r := record(i, rapid.SampledFrom([]int{0, 1, 500, 20_000, 70_000}).Draw(rt, "size"))
			r.Key = rapid.StringN(1, 30, 1024).Draw(rt, "key")
			r.Version.Time = crdt.Time(rapid.Uint64().Draw(rt, "time"))
			r.Deadline = rapid.Int64Range(0, 1<<50).Draw(rt, "deadline")
			m.records = append(m.records, r)
		}
		d := &sim.Disk{}
		if err := snapshot.Write(d, name, title, m.snapshot()); err != nil {
			rt.Fatal(err)
		}
		if got, err := read(d, title, now); err != nil || !same(got, m) {
			rt.Fatalf("%v", err)
		}
	})
}

func TestCutAnywhere(t *testing.T) {
	small := written(t, sample(5, 10, 10))
	for n := range len(small) {
		refused(t, fmt.Sprint("cut at ", n), small[:n])
	}
	file := written(t, sample(400, 2000, 100_000))
	at := preamble
	for i, b := range blocks(file) {
		for _, n := range []int{at - 1, at, at + 1} {
			refused(t, fmt.Sprintf("cut at block %d", i), file[:n])
			refused(t, fmt.Sprintf("a byte more before block %d", i), slices.Insert(slices.Clone(file), n, 0))
		}
		at += len(b)
	}
	refused(t, "a byte more at the end", append(slices.Clone(file), 0))
}

// Every bit of a small file, and many of a large one.
func TestAnyBitFlipped(t *testing.T) {
	small := written(t, sample(20, 30, 30))
	flips := 0
	flip := func(file []byte, bit int) {
		file[bit/8] ^= 1 << (bit % 8)
		refused(t, fmt.Sprint("bit ", bit), file)
		file[bit/8] ^= 1 << (bit % 8)
		flips++
	}
	for bit := range 8 * len(small) {
		flip(small, bit)
	}
	large, rnd := written(t, sample(150, 1000, 70_000)), rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		flip(large, rnd.IntN(8*len(large)))
	}
	if flips < 10_000 {
		t.Fatalf("%d samples only", flips)
	}
}

// Blocks that are good by themselves, where they do not belong.
func TestBlocksOutOfPlace(t *testing.T) {
	file := written(t, sample(300, 1000, 1000))
	head, all := file[:preamble], blocks(file)
	for i := range all {
		refused(t, fmt.Sprintf("without block %d", i), join(head, slices.Delete(slices.Clone(all), i, i+1)...))
		refused(t, fmt.Sprintf("block %d twice", i), join(head, slices.Insert(slices.Clone(all), i, all[i])...))
		if i > 0 {
			swapped := slices.Clone(all)
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			refused(t, fmt.Sprintf("block %d before its time", i), join(head, swapped...))
		}
		for what, payload := range map[string][]byte{
			"empty": nil, "an ack": encoded(t, &wire.Ack{Cache: "users"}), "an end mark": encoded(t, &wire.End{Cache: "users"}),
			"another cache's":  encoded(t, &wire.Records{Cache: "other", Session: uint64(i), Records: []wire.Record{wire.Record(record(0, 1))}}),
			"too long for two": encoded(t, &wire.Records{Cache: "users", Session: uint64(i), Records: []wire.Record{wire.Record(record(0, 40_000)), wire.Record(record(3, 40_000))}}),
		} {
			changed := slices.Clone(all)
			changed[i] = sealed(payload)
			refused(t, fmt.Sprintf("block %d is %s", i, what), join(head, changed...))
		}
	}
}

func encoded(t *testing.T, m wire.Message) []byte {
	t.Helper()
	b, err := wire.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNotOurs(t *testing.T) {
	file := written(t, sample(5, 5, 5))
	refused(t, "empty", nil)
	refused(t, "other magic", append([]byte("GEOLRU!!"), file[8:]...))
	refused(t, "other version", append(binary.BigEndian.AppendUint32(slices.Clone(file[:8]), 2), file[12:]...))
	for what, change := range map[string]func(*snapshot.Title){
		"cluster": func(t *snapshot.Title) { t.Cluster = "meshes" },
		"cache":   func(t *snapshot.Title) { t.Cache = "user" },
		"TTL":     func(t *snapshot.Title) { t.TTL++ },
		"future":  func(t *snapshot.Title) { t.Created = now + 30_001 },
		"ages":    func(t *snapshot.Title) { t.Created = -1 },
	} {
		d, other := &sim.Disk{}, title
		change(&other)
		if err := snapshot.Write(d, name, other, sample(5, 5, 5).snapshot()); err != nil {
			t.Fatal(err)
		}
		refused(t, what, d.Get(name))
	}
}

// As old as the retention it is ignored and stays; a millisecond younger, or as far ahead as clocks may be, it is taken.
func TestAge(t *testing.T) {
	retention := title.TTL + 60_000
	d := &sim.Disk{}
	write(t, d, sample(5, 5, 5))
	for _, at := range []int64{now, now + retention - 1, now - 30_000} {
		if _, err := read(d, title, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := read(d, title, now+retention); !errors.Is(err, snapshot.ErrOld) || d.Get(name) == nil {
		t.Fatal(err)
	}
	if _, err := read(&sim.Disk{}, title, now); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

// What whoever restores does not like is set aside too, and so is what it did not read to the end.
func TestRefusedByWhoRestores(t *testing.T) {
	reason := errors.New("no")
	for _, want := range []error{reason, nil} {
		d := &sim.Disk{}
		write(t, d, sample(5, 5, 5))
		err := snapshot.Read(d, name, title, now, func(*store.Snapshot) error { return want })
		if err == nil || want != nil && !errors.Is(err, want) || !slices.Equal(d.Names(), []string{name + ".bad"}) {
			t.Fatalf("%v, files %q", err, d.Names())
		}
	}
}

// An older bad file gives way.
func TestOneBadFileIsKept(t *testing.T) {
	d := &sim.Disk{}
	d.Put(name+".bad", []byte("older"))
	d.Put(name, []byte("newer"))
	if _, err := read(d, title, now); err == nil || string(d.Get(name+".bad")) != "newer" {
		t.Fatalf("%v, %q", err, d.Get(name+".bad"))
	}
}

// A snapshot whose source fails is not written, and the one before stays.
func TestSourceThatFails(t *testing.T) {
	d, old := &sim.Disk{}, sample(5, 5, 5)
	write(t, d, old)
	reason := errors.New("no")
	s := sample(300, 1000, 10).snapshot()
	records := s.Records
	s.Records = func(yield func(store.Record[[]byte], error) bool) {
		records(yield)
		yield(store.Record[[]byte]{}, reason)
	}
	if err := snapshot.Write(d, name, title, s); !errors.Is(err, reason) {
		t.Fatal(err)
	}
	if got, err := read(d, title, now); err != nil || !same(got, old) {
		t.Fatal(err)
	}
}

// No file makes reading allocate more than 16 times its length, whatever lengths it claims.
func TestAllocationBound(t *testing.T) {
	file := written(t, sample(10, 10, 10))
	head, all := file[:preamble], blocks(file)
	claim := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	null := func(kind byte) []byte {
		return sealed(append([]byte("\x86\x01"+string(kind)+"\x65users\x01\x48origin..\x99\x04\x00"), make([]byte, 1024)...))
	}
	for what, b := range map[string][]byte{
		"whole": file, "empty": nil, "claims 4 GiB": join(head, append(claim(1<<32-1), make([]byte, 100)...)),
		"claims 8 MiB": join(head, append(claim(8<<20), make([]byte, 100)...)),
		"null records": join(head, all[0], all[1], null(10)), "null digest": join(head, all[0], null(8)),
		"long title": join(head, sealed(append(make([]byte, 16), "\xff\xff"...))),
	} {
		d := &sim.Disk{}
		d.Put(name, b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_ = snapshot.Read(d, name, title, now, func(s *store.Snapshot) error {
			for _, err := range s.Records {
				if err != nil {
					return err
				}
			}
			return nil
		})
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 16*uint64(len(b))+16<<10 {
			t.Errorf("%s: %d bytes allocated for a file of %d", what, n, len(b))
		}
	}
}

// FuzzRead reads its input as a file, and once more with every checksum made right, so that it gets beyond them.
func FuzzRead(f *testing.F) {
	for _, m := range []*image{{}, sample(3, 5, 5), sample(20, 10, 10)} {
		f.Add(written(f, m))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, b := range [][]byte{file, resealed(file)} {
			d := &sim.Disk{}
			d.Put(name, b)
			m, err := read(d, title, now)
			if err != nil {
				continue
			}
			again := &sim.Disk{} // what is taken can be written again, and is the same
			write(t, again, m)
			if got, err := read(again, title, now); err != nil || !same(got, m) {
				t.Fatalf("%v", err)
			}
		}
	})
}

func resealed(file []byte) []byte {
	if len(file) < preamble {
		return file
	}
	out := slices.Clone(file[:preamble])
	for rest := file[preamble:]; len(rest) >= 8; {
		n := min(int(binary.BigEndian.Uint32(rest)), len(rest)-8)
		out, rest = append(out, sealed(rest[8:8+n])...), rest[8+n:]
	}
	return out
}
