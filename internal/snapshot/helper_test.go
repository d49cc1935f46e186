package snapshot_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"reflect"
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/store"
)

const (
	now  = int64(1_700_000_000_000)
	name = "c.snapshot"
)

var title = snapshot.Title{Cluster: "mesh", Cache: "users", TTL: 3_600_000, Created: now}

// image is the content of a snapshot, to be compared.
type image struct {
	seen    []crdt.Known
	records []store.Record[[]byte]
	past    store.Past
}

func (m *image) snapshot() *store.Snapshot {
	return &store.Snapshot{
		Seen: m.seen,
		Records: func(yield func(store.Record[[]byte], error) bool) {
			for _, r := range m.records {
				if !yield(r, nil) {
					return
				}
			}
		},
		Past: func() store.Past { return m.past },
	}
}

// take reads a snapshot as whoever restores it does.
func take(s *store.Snapshot) (m *image, err error) {
	m = &image{seen: s.Seen}
	for r, err := range s.Records {
		if err != nil {
			return nil, err
		}
		m.records = append(m.records, r)
	}
	m.past = s.Past()
	return m, nil
}

func read(dir snapshot.Dir, t snapshot.Title, now int64) (m *image, err error) {
	err = snapshot.Read(dir, name, t, now, func(s *store.Snapshot) error {
		m, err = take(s)
		return err
	})
	return m, err
}

func write(t testing.TB, dir snapshot.Dir, m *image) {
	t.Helper()
	if err := snapshot.Write(dir, name, title, m.snapshot()); err != nil {
		t.Fatal(err)
	}
}

// written is the bytes of a file with this content.
func written(t testing.TB, m *image) []byte {
	t.Helper()
	d := &sim.Disk{}
	write(t, d, m)
	if got := d.Names(); !slices.Equal(got, []string{name}) {
		t.Fatalf("files %q", got)
	}
	return d.Get(name)
}

func same(a, b *image) bool {
	return a != nil && len(a.seen) == len(b.seen) && len(a.records) == len(b.records) && len(a.past.Forgotten) == len(b.past.Forgotten) &&
		(len(a.seen) == 0 || reflect.DeepEqual(a.seen, b.seen)) &&
		(len(a.records) == 0 || reflect.DeepEqual(a.records, b.records)) &&
		(len(a.past.Forgotten) == 0 || reflect.DeepEqual(a.past.Forgotten, b.past.Forgotten)) &&
		a.past.Floor == b.past.Floor && a.past.Ceiling == b.past.Ceiling
}

// record is a record of every kind in turn.
func record(i int, size int) store.Record[[]byte] {
	r := store.Record[[]byte]{Key: fmt.Sprint("key", i), Register: crdt.Register{
		Version: crdt.Version{Time: crdt.At(now - int64(i)), Origin: crdt.Origin(1 + i%3)}, Seq: uint64(i + 1),
		Deadline: now + 1000, Kind: crdt.Value,
	}}
	switch i % 4 {
	case 1:
		r.Kind = crdt.Ghost
	case 2:
		r.Kind, r.Deadline = crdt.Tombstone, 0
	default:
		r.Value = make([]byte, size)
		for j := range r.Value {
			r.Value[j] = byte(i + j)
		}
	}
	return r
}

// sample is an image with something of everything. Values are of this size, and every hundredth of large.
func sample(n, size, large int) *image {
	m := &image{
		seen: []crdt.Known{
			{Origin: 1, Head: 9, Last: crdt.At(now)},
			{Origin: 2, Head: 0, Ranges: []crdt.Range{{Lo: 2, Hi: 4}, {Lo: 7, Hi: 7}}, Last: crdt.At(now - 1)},
			{Origin: 3, Head: 5, Ranges: []crdt.Range{{Lo: 10, Hi: 400}}, Last: crdt.At(now - 2)},
		},
		past: store.Past{Floor: crdt.At(now - 7), Ceiling: crdt.At(now).Next(), Forgotten: map[crdt.Origin]store.Forgotten{
			1: {N: 4, Time: crdt.At(now - 7)}, 9: {N: 1 << 40, Time: crdt.At(now - 8)},
		}},
	}
	for i := range n {
		of := size
		if i%100 == 99 {
			of = large
		}
		m.records = append(m.records, record(i, of))
	}
	m.records = append(m.records, store.Record[[]byte]{Register: crdt.Register{
		Version: crdt.Version{Time: crdt.At(now - 50), Origin: 2}, Seq: 3, Kind: crdt.Clear,
	}})
	return m
}

const preamble = 12

// blocks cuts a file into its blocks, heads included.
func blocks(file []byte) (all [][]byte) {
	for at := preamble; at < len(file); {
		end := at + 8 + int(binary.BigEndian.Uint32(file[at:]))
		all = append(all, file[at:end])
		at = end
	}
	return all
}

// join makes a file of blocks.
func join(head []byte, all ...[]byte) []byte { return slices.Concat(append([][]byte{head}, all...)...) }

// sealed is a block with this payload.
func sealed(payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	sum := crc32.Checksum(append(slices.Clone(b), payload...), crc32.MakeTable(crc32.Castagnoli))
	return append(binary.BigEndian.AppendUint32(b, sum), payload...)
}

// refused checks that a file is set aside and nothing is taken of it.
func refused(t testing.TB, what string, file []byte) {
	t.Helper()
	d := &sim.Disk{}
	d.Put(name, file)
	m, err := read(d, title, now)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, snapshot.ErrOld) || m != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got := d.Names(); !slices.Equal(got, []string{name + ".bad"}) {
		t.Fatalf("%s: files %q", what, got)
	}
}
