package snapshot_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/snapshot"
)

var errDisk = errors.New("disk full")

// operations is what a write of m does to a disk, in order.
func operations(t *testing.T, m *image) (ops []string) {
	t.Helper()
	d := &sim.Disk{}
	d.Fail = func(op string) error {
		ops = append(ops, op)
		return nil
	}
	write(t, d, m)
	return ops
}

// One operation fails: the error is told, nothing but one whole snapshot is left, and until the very last step it is
// the old one. The next attempt succeeds.
func TestEachOperationFails(t *testing.T) {
	old, next := sample(20, 10, 10), sample(300, 1000, 70_000)
	ops := operations(t, next)
	if !slices.Contains(ops, "sync") || ops[len(ops)-1] != "names" || ops[len(ops)-2] != "rename" {
		t.Fatalf("operations %v", ops)
	}
	for i, failing := range ops {
		d := &sim.Disk{}
		write(t, d, old)
		n := 0
		d.Fail = func(string) error {
			if n++; n == i+1 {
				return errDisk
			}
			return nil
		}
		if err := snapshot.Write(d, name, title, next.snapshot()); !errors.Is(err, errDisk) {
			t.Fatalf("operation %d, %s: %v", i, failing, err)
		}
		d.Fail = nil
		want := old
		if failing == "names" {
			want = next
		}
		if got, err := read(d, title, now); err != nil || !same(got, want) || !slices.Equal(d.Names(), []string{name}) {
			t.Fatalf("operation %d, %s: %v, files %q", i, failing, err, d.Names())
		}
		write(t, d, next)
		if got, err := read(d, title, now); err != nil || !same(got, next) {
			t.Fatalf("operation %d, %s: then %v", i, failing, err)
		}
	}
}

// The process is killed, or the power is gone, after any number of operations: the old snapshot or the new one is there,
// whole, and a leftover is no obstacle.
func TestEndsAnywhere(t *testing.T) {
	old, next := sample(20, 10, 10), sample(300, 1000, 70_000)
	ops := operations(t, next)
	for i := range len(ops) + 1 {
		for seed := range uint64(20) {
			d := &sim.Disk{}
			write(t, d, old)
			n := 0
			d.Fail = func(string) error {
				if n++; n > i {
					return errDisk
				}
				return nil
			}
			_ = snapshot.Write(d, name, title, next.snapshot())
			d.Fail = nil
			if seed > 0 { // 0 is the kill: what the system has it keeps
				d.Crash(rand.New(rand.NewPCG(seed, uint64(i))))
			}
			what := fmt.Sprintf("after %d of %v, seed %d", i, ops, seed)
			got, err := read(d, title, now)
			if err != nil || !same(got, old) && !same(got, next) {
				t.Fatalf("%s: %v", what, err)
			}
			if i == len(ops) && !same(got, next) {
				t.Fatalf("%s: the write had succeeded", what)
			}
			write(t, d, next)
			if got, err := read(d, title, now); err != nil || !same(got, next) || !slices.Equal(d.Names(), []string{name}) {
				t.Fatalf("%s: then %v, files %q", what, err, d.Names())
			}
		}
	}
}

// A disk that fails while it is read is a cold start, however the setting aside goes.
func TestReadFails(t *testing.T) {
	for _, failing := range []string{"open", "rename"} {
		d := &sim.Disk{}
		d.Put(name, []byte("no snapshot"))
		d.Fail = func(op string) error {
			if op == failing {
				return errDisk
			}
			return nil
		}
		if m, err := read(d, title, now); m != nil || !errors.Is(err, errDisk) {
			t.Fatalf("%s: %v", failing, err)
		}
	}
}
