package wire

import (
	"bytes"
	"reflect"
	"testing"
)

func addSeeds(f *testing.F) {
	for _, frames := range []map[string][]byte{sampleFrames(f), hostile()} {
		for _, frame := range frames {
			if len(frame) < 4096 {
				f.Add(frame)
			}
		}
	}
	for _, raw := range bad {
		f.Add(append([]byte("\x84\x01\x05\x61c"), raw...))
	}
}

// FuzzDecode checks that whatever is taken comes back when encoded, byte for byte up to origins in a table that no
// record names, and that the library, told to use the shortest forms, would have written it too.
func FuzzDecode(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := Decode(frame)
		if err != nil {
			if m != nil {
				t.Fatal("a message and an error")
			}
			return
		}
		checkCanonical(t, frame)
		again, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if len(recordsOf(m)) == 0 && carriesNoTable(m) && !bytes.Equal(again, frame) {
			t.Fatalf("%x\nencodes to\n%x", frame, again)
		}
		if back, err := Decode(again); err != nil || !reflect.DeepEqual(back, m) {
			t.Fatalf("%v\n%+v\n%+v", err, m, back)
		}
	})
}

func carriesNoTable(m Message) bool {
	switch m.(type) {
	case *Fetched, *Records, *End:
		return false
	}
	return true
}

func FuzzDecodeBatch(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		b, err := DecodeBatch(frame, sampleOrigin)
		if err != nil {
			return
		}
		checkCanonical(t, frame)
		for i := range b.Records {
			_ = CheckRecord(&b.Records[i], sampleLifetime)
		}
		again, err := EncodeBatch(b)
		if err != nil || !bytes.Equal(again, frame) {
			t.Fatalf("%v\n%x\nencodes to\n%x", err, frame, again)
		}
	})
}
