package snapshot_test

import (
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/store"
)

const benched = 1_000_000 // entries

func benchCache(b *testing.B, restore func(func(*store.Snapshot) error)) *replica.Cache {
	b.Helper()
	seed := maphash.MakeSeed()
	c, err := sim.New(1).Add("here").Engine.Open(replica.Options{
		Name: "users", Capacity: benched + benched/50, TTL: time.Hour, Restore: restore,
		Hash: func(key string) uint64 { return maphash.String(seed, key) },
	})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// BenchmarkMillion writes and restores a million entries of 100 bytes on a real disk.
func BenchmarkMillion(b *testing.B) {
	c, dir := benchCache(b, nil), b.TempDir()
	value := replica.BlobOf(make([]byte, 100))
	for i := range benched {
		if _, err := c.Store().Set(fmt.Sprintf("key-%012d", i), value, title.TTL); err != nil {
			b.Fatal(err)
		}
	}
	t := title
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, seen := c.Snapshot()
			t.Created = seen
			if err := snapshot.Write(snapshot.At(dir), name, t, s); err != nil {
				b.Fatal(err)
			}
		}
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/benched, "B/entry")
	})
	b.Run("restore", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			back := benchCache(b, func(fill func(*store.Snapshot) error) {
				if err := snapshot.Read(snapshot.At(dir), name, t, t.Created, fill); err != nil {
					b.Fatal(err)
				}
			})
			if n := back.Store().Counts().Entries; n < benched*99/100 {
				b.Fatalf("%d entries", n)
			}
		}
	})
}
