package snapshot_test

import (
	"bytes"
	"testing"

	"github.com/geolru/geolru/internal/sim"
	"github.com/geolru/geolru/internal/vectors"
)

// TestJournalVector is the same for a journal.
func TestJournalVector(t *testing.T) {
	want, err := vectors.Read("../../docs/wire.md", "journal")
	if err != nil {
		t.Fatal(err)
	}
	one := pieces(1)
	one[0].m.Records = one[0].m.Records[:1]
	one[0].m.Records[0].Value = []byte{7}
	d, _ := noted(t, one)
	if got := d.Get(journal); len(want) != 1 || !bytes.Equal(got, want["file"]) {
		t.Errorf("written is\n%x, not\n%x", got, want["file"])
	}
}

// TestVector holds version 1 to what docs/wire.md says of it: it is written so, and read so.
func TestVector(t *testing.T) {
	want, err := vectors.Read("../../docs/wire.md", "snapshot")
	if err != nil {
		t.Fatal(err)
	}
	m := sample(3, 1, 1)
	if got := written(t, m); len(want) != 1 || !bytes.Equal(got, want["file"]) {
		t.Errorf("written is\n%x, not\n%x", got, want["file"])
	}
	d := &sim.Disk{}
	d.Put(name, want["file"])
	if got, err := read(d, title, now); err != nil || !same(got, m) {
		t.Errorf("read is %+v, %v", got, err)
	}
}
