package snapshot_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/snapshot"
	"github.com/geolru/geolru/internal/wire"
)

const journal = "c.journal"

// piece is one frame of a sync as a journal holds it.
type piece struct {
	by    []crdt.Known
	total uint64
	m     *wire.Records
}

// pieces is so many, three to a session.
func pieces(n int) (all []piece) {
	for i := range n {
		session := uint64(i / 3)
		m := &wire.Records{Cache: title.Cache, Session: session}
		for k := range 5 {
			m.Records = append(m.Records, wire.Record(record(5*i+k, 300)))
		}
		all = append(all, piece{[]crdt.Known{{Origin: crdt.Origin(1 + session), Head: 7, Last: crdt.At(now)}}, session % 2 * 100, m})
	}
	return all
}

// reopen is what a life finds in its journal, and the journal.
func reopen(d snapshot.Dir) ([]piece, *snapshot.Journal, error) { return open(d, title) }

func open(d snapshot.Dir, t snapshot.Title) (found []piece, j *snapshot.Journal, err error) {
	j, err = snapshot.OpenJournal(d, journal, t, func(by *crdt.Seen, total uint64, m *wire.Records) {
		found = append(found, piece{by.Known(), total, m})
	})
	return found, j, err
}

func (p piece) appendTo(j *snapshot.Journal) error {
	by, err := crdt.FromKnown(p.by)
	if err != nil {
		return err
	}
	return j.Append(by, p.total, p.m)
}

// noted is a journal with these pieces on a disk.
func noted(t testing.TB, all []piece) (*sim.Disk, *snapshot.Journal) {
	t.Helper()
	d := &sim.Disk{}
	_, j, err := reopen(d)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, p := range all {
		if err := p.appendTo(j); err != nil {
			t.Fatal(err)
		}
	}
	return d, j
}

// begins tells whether what was found is the beginning of all that was noted.
func begins(found, all []piece) bool {
	return len(found) <= len(all) && (len(found) == 0 || reflect.DeepEqual(found, all[:len(found)]))
}

func TestJournalComesBack(t *testing.T) {
	all := pieces(8)
	d, _ := noted(t, all[:4])
	found, j, err := reopen(d)
	if err != nil || len(found) != 4 || !begins(found, all) {
		t.Fatalf("%d pieces, %v", len(found), err)
	}
	for _, p := range all[4:] {
		if err := p.appendTo(j); err != nil {
			t.Fatal(err)
		}
	}
	if found, _, err := reopen(d); err != nil || len(found) != 8 || !begins(found, all) {
		t.Fatalf("then %d pieces, %v", len(found), err)
	}
}

// Cut off anywhere, or with any byte wrong, a journal gives back what stands before, and goes on behind that.
func TestJournalIsDamaged(t *testing.T) {
	all := pieces(3)
	d, _ := noted(t, all)
	whole := d.Get(journal)
	damaged := func(what string, file []byte) {
		d := &sim.Disk{}
		d.Put(journal, file)
		found, j, err := reopen(d)
		if !begins(found, all) || err == nil && len(found) == len(all) {
			t.Fatalf("%s: %d pieces, %v", what, len(found), err)
		}
		if err := all[0].appendTo(j); err != nil {
			t.Fatalf("%s: then %v", what, err)
		}
		if again, _, err := reopen(d); err != nil || len(again) != len(found)+1 {
			t.Fatalf("%s: then %d pieces, %v", what, len(again), err)
		}
	}
	for n := range whole {
		damaged(fmt.Sprint("cut at ", n), whole[:n])
		wrong := slices.Clone(whole)
		wrong[n] ^= 0x10
		damaged(fmt.Sprint("wrong at ", n), wrong)
	}
}

// The journal of another cache, or of one with another lifetime bound, is not taken; it gives way to this one.
func TestJournalOfAnother(t *testing.T) {
	for _, other := range []snapshot.Title{{"other", "users", title.TTL, 0}, {"mesh", "others", title.TTL, 0}, {"mesh", "users", 1, 0}} {
		d, _ := noted(t, pieces(2))
		found, j, err := open(d, other)
		if len(found) > 0 || err == nil {
			t.Errorf("%v: %d pieces, %v", other, len(found), err)
		}
		mine := pieces(1)[0]
		mine.m.Cache = other.Cache
		if err := mine.appendTo(j); err != nil {
			t.Fatal(err)
		}
		if found, _, err := open(d, other); err != nil || len(found) != 1 {
			t.Errorf("%v: then %d pieces, %v", other, len(found), err)
		}
	}
}

// What was noted before a mark goes with a trim, what was noted since stays, and can be read without the rest.
func TestJournalIsTrimmed(t *testing.T) {
	all := pieces(6)
	for since := range 6 {
		d, j := noted(t, all[:6-since])
		mark := j.Mark()
		for _, p := range all[6-since:] {
			if err := p.appendTo(j); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Trim(mark); err != nil {
			t.Fatal(err)
		}
		found, _, err := reopen(d)
		if since == 0 && (!errors.Is(err, fs.ErrNotExist) || len(d.Names()) > 0) {
			t.Fatalf("nothing is left, but %q, %v", d.Names(), err)
		}
		if since > 0 && (err != nil || !reflect.DeepEqual(found, all[6-since:])) {
			t.Fatalf("%d since: %d pieces, %v", since, len(found), err)
		}
		if err := all[0].appendTo(j); err != nil {
			t.Fatal(err)
		}
		if found, _, err := reopen(d); err != nil || len(found) != since+1 {
			t.Fatalf("%d since, and one: %d pieces, %v", since, len(found), err)
		}
	}
}

// keeping is what a node does to its disk: it notes, writes a snapshot while it goes on noting, trims, and notes on.
func keeping(d *sim.Disk, all []piece, m *image) (*snapshot.Journal, error) {
	_, j, _ := reopen(d)
	var errs error
	for _, p := range all[:3] {
		errs = errors.Join(errs, p.appendTo(j))
	}
	mark := j.Mark()
	errs = errors.Join(errs, all[3].appendTo(j))
	if err := snapshot.Write(d, name, title, m.snapshot()); err != nil {
		errs = errors.Join(errs, err)
	} else {
		errs = errors.Join(errs, j.Trim(mark))
	}
	for _, p := range all[4:] {
		errs = errors.Join(errs, p.appendTo(j))
	}
	return j, errs
}

// recovered checks what a life finds: a whole snapshot or none, and pieces that were noted, in their order; the first three
// are in the snapshot if they are not in the journal.
func recovered(t *testing.T, what string, d *sim.Disk, all []piece, m *image, every bool) {
	t.Helper()
	got, err := read(d, title, now)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !same(got, m) {
		t.Fatalf("%s: snapshot %v", what, err)
	}
	found, j, _ := reopen(d)
	for from := 0; from <= len(all); from++ {
		if !begins(found, all[from:]) {
			continue
		}
		if every && got == nil && len(found) > 0 && from > 0 {
			t.Fatalf("%s: the journal begins at piece %d, and there is no snapshot", what, from)
		}
		if err := all[0].appendTo(j); err != nil {
			t.Fatalf("%s: then %v", what, err)
		}
		return
	}
	t.Fatalf("%s: %d pieces, not those that were noted", what, len(found))
}

// The process is killed, or the power is gone, after any number of operations.
func TestJournalEndsAnywhere(t *testing.T) {
	all, m := pieces(7), sample(20, 10, 10)
	count := 0
	d := &sim.Disk{Fail: func(string) error { count++; return nil }}
	if _, err := keeping(d, all, m); err != nil {
		t.Fatal(err)
	}
	for i := range count + 1 {
		for seed := range uint64(20) {
			n := 0
			d := &sim.Disk{}
			d.Fail = func(string) error {
				if n++; n > i {
					return errDisk
				}
				return nil
			}
			_, _ = keeping(d, all, m)
			d.Fail = nil
			if seed > 0 { // 0 is the kill: what the system has it keeps
				d.Crash(rand.New(rand.NewPCG(seed, uint64(i))))
			}
			recovered(t, fmt.Sprintf("after %d operations, seed %d", i, seed), d, all, m, seed == 0)
		}
	}
}

// One operation fails: the journal is given up until the next snapshot, or stays longer than it need.
func TestJournalOperationFails(t *testing.T) {
	all, m := pieces(7), sample(20, 10, 10)
	count := 0
	d := &sim.Disk{Fail: func(string) error { count++; return nil }}
	if _, err := keeping(d, all, m); err != nil {
		t.Fatal(err)
	}
	for i := range count {
		n := 0
		d := &sim.Disk{}
		d.Fail = func(op string) error {
			if n++; n == i+1 {
				return errDisk
			}
			return nil
		}
		j, err := keeping(d, all, m)
		d.Fail = nil
		if i > 0 && !errors.Is(err, errDisk) { // the first is the look at what is there
			t.Fatalf("operation %d: %v", i, err)
		}
		if j.Close() != nil {
			t.Fatalf("operation %d: not closed", i)
		}
		if found, _, _ := reopen(d); len(found) > len(all) {
			t.Fatalf("operation %d: %d pieces", i, len(found))
		}
		mark := j.Mark()
		write(t, d, m)
		if err := j.Trim(mark); err != nil || !slices.Equal(d.Names(), []string{name}) {
			t.Fatalf("operation %d: then %v, files %q", i, err, d.Names())
		}
		if err := all[0].appendTo(j); err != nil {
			t.Fatalf("operation %d: then %v", i, err)
		}
		if found, _, err := reopen(d); err != nil || len(found) != 1 {
			t.Fatalf("operation %d: then %d pieces, %v", i, len(found), err)
		}
	}
}

// FuzzJournal reads its input as a journal, and once more with every checksum made right; then it is written on.
func FuzzJournal(f *testing.F) {
	for n := range 4 {
		d, _ := noted(f, pieces(n))
		f.Add(d.Get(journal))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, b := range [][]byte{file, resealed(file)} {
			d := &sim.Disk{}
			d.Put(journal, b)
			found, j, _ := reopen(d)
			if err := pieces(1)[0].appendTo(j); err != nil {
				t.Fatal(err)
			}
			if again, _, err := reopen(d); err != nil || len(again) != len(found)+1 {
				t.Fatalf("%d pieces, then %d, %v", len(found), len(again), err)
			}
		}
	})
}
