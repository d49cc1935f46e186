package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/geolru/geolru/crdt"
)

// decodeAny decodes a frame of the type that a sample's name says.
func decodeAny(name string, frame []byte) error {
	if name == "batch" {
		_, err := DecodeBatch(frame, sampleOrigin)
		return err
	}
	_, err := Decode(frame)
	return err
}

// refused checks that a frame is refused for what it is and not for being new.
func refused(t *testing.T, name, what string, frame []byte) {
	t.Helper()
	err := decodeAny(name, frame)
	if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
		t.Errorf("%s, %s: %v\n%.80x", name, what, err, frame)
	}
}

func TestMalformedFrames(t *testing.T) {
	deep := func(n int) []byte { return append(bytes.Repeat([]byte{0x81}, n), 0) }
	body := func(s string) []byte { return []byte("\x84\x01\x05\x61c" + s) } // an ack of cache c with this list of heads
	for what, frame := range map[string][]byte{
		"empty":                      {},
		"single 0xff":                {0xff},
		"null":                       {0xf6},
		"integer":                    {0x01},
		"array of nothing":           {0x80},
		"array of the version":       {0x81, 0x01},
		"string longer than 2^63":    []byte("\x84\x01\x05\x7b\x80\x00\x00\x00\x00\x00\x00\x00"),
		"string longer than data":    []byte("\x84\x01\x05\x7a\x7f\xff\xff\xff"),
		"depth 5":                    body("\x81\x81\x81\x81\x00"),
		"depth 10^6":                 deep(1_000_000),
		"depth 10^5 inside":          body(string(deep(100_000))),
		"array of 1,025":             body("\x99\x04\x01" + strings.Repeat("\x82\x01\x01", 1025)),
		"array claims 2^31 - 1":      body("\x9a\x7f\xff\xff\xff"),
		"array claims 2^64 - 1":      body("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
		"indefinite array":           body("\x9f\xff"),
		"indefinite frame":           []byte("\x9f\x01\x05\x61c\x80\xff"),
		"indefinite name":            []byte("\x84\x01\x05\x7f\x61c\xff\x80"),
		"map":                        body("\xa0"),
		"map with a duplicate key":   body("\xa2\x01\x01\x01\x02"),
		"tag":                        body("\xc1\x80"),
		"bignum":                     body("\x81\x82\xc2\x41\x01\x01"),
		"reserved information":       body("\x81\x82\x1c\x01"),
		"reserved frame":             {0x9c},
		"NaN":                        body("\x81\x82\x01\xf9\x7e\x00"),
		"infinity":                   body("\x81\x82\x01\xf9\x7c\x00"),
		"invalid UTF-8 in a name":    []byte("\x84\x01\x05\x61\xff\x80"),
		"name as bytes":              []byte("\x84\x01\x05\x41c\x80"),
		"name of 256 bytes":          []byte("\x84\x01\x05\x79\x01\x00" + strings.Repeat("c", 256) + "\x80"),
		"origin 0":                   body("\x81\x82\x00\x01"),
		"over the limit":             make([]byte, MaxFrame+1),
		"unknown type, large":        append([]byte("\x83\x01\x18\x63\x5a\x00\x10\x00\x00"), make([]byte, 1<<20)...),
		"type as text":               []byte("\x83\x01\x61a\x00"),
		"version as text":            []byte("\x83\x61a\x01\x00"),
		"version 1, not in shortest": []byte("\x84\x18\x01\x05\x61c\x80"),
	} {
		refused(t, "frame", what, frame)
		if _, err := DecodeBatch(frame, sampleOrigin); err == nil {
			t.Errorf("%s: taken as a batch", what)
		}
	}
}

func TestOtherVersionsAndTypes(t *testing.T) {
	for frame, want := range map[string]error{
		"\x83\x00\x05\x00":                         ErrVersion,
		"\x84\x02\x05\x61c\x80":                    ErrVersion,
		"\x82\x02\xbf\xff":                         ErrVersion, // whatever it holds
		"\x82\x1b\xff\xff\xff\xff\xff\xff\xff\xff": ErrVersion,
		"\x82\x01\x00":                             ErrUnknownType,
		"\x82\x01\x18\x62":                         ErrUnknownType,
		"\x83\x01\x18\x63\x80":                     ErrUnknownType,
	} {
		if _, err := Decode([]byte(frame)); !errors.Is(err, want) {
			t.Errorf("%x: %v", frame, err)
		}
		if _, err := DecodeBatch([]byte(frame), sampleOrigin); !errors.Is(err, want) {
			t.Errorf("%x: %v", frame, err)
		}
	}
	frames := sampleFrames(t)
	if _, err := Decode(frames["batch"]); !errors.Is(err, ErrUnknownType) {
		t.Errorf("a batch as a message: %v", err)
	}
	if _, err := DecodeBatch(frames["ack"], sampleOrigin); !errors.Is(err, ErrUnknownType) {
		t.Errorf("a message as a batch: %v", err)
	}
}

func TestCutAndTrailing(t *testing.T) {
	for name, frame := range sampleFrames(t) {
		for n := range frame {
			refused(t, name, fmt.Sprintf("cut at %d", n), frame[:n])
		}
		for _, tail := range []string{"\x00", "\xf6", "\xff", string(frame)} {
			refused(t, name, "with a tail", append(slices.Clone(frame), tail...))
		}
	}
}

func TestBatchLimits(t *testing.T) {
	record := "\x86\x41k\x01\x01\x02\x00\x40"
	batch := func(n int) []byte {
		head := []byte("\x85\x01\x01\x48nonce..8\x99")
		return append(binary.BigEndian.AppendUint16(head, uint16(n)), strings.Repeat(record, n)+"\x80"...)
	}
	if err := decodeAny("batch", batch(MaxBatchRecords)); err != nil {
		t.Errorf("256 records: %v", err)
	}
	refused(t, "batch", "257 records", batch(MaxBatchRecords+1))
	long := sampleRecord(crdt.Value, 1)
	long.Value = make([]byte, MaxBatchBytes-100)
	frame := mustEncodeBatch(t, &Batch{Records: []Record{long}})
	refused(t, "batch", "64 KiB and 1", append(frame, make([]byte, MaxBatchBytes+1-len(frame))...))
}

// bad is what may stand at no place in any frame.
var bad = map[string][]byte{
	"null":              {0xf6},
	"undefined":         {0xf7},
	"float":             {0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0},
	"NaN":               {0xf9, 0x7e, 0x00},
	"infinity":          {0xf9, 0x7c, 0x00},
	"map":               {0xa0},
	"tag":               {0xc1, 0x01},
	"bignum":            {0xc2, 0x41, 0x01},
	"simple value":      {0xe0},
	"2^63, negative":    {0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0},
	"indefinite bytes":  {0x5f, 0x41, 0x01, 0xff},
	"indefinite array":  {0x9f, 0xff},
	"reserved":          {0x1d},
	"break":             {0xff},
	"one too long":      {0x18, 0x01},
	"four too long":     {0x1a, 0, 0, 0xff, 0xff},
	"bytes, long head":  {0x58, 0x01, 0x61},
	"text, long head":   {0x78, 0x01, 0x61},
	"array, long head":  {0x98, 0x00},
	"array of integers": {0x89, 1, 2, 3, 4, 5, 6, 7, 8, 9},
	"huge array":        {0x9a, 0x7f, 0xff, 0xff, 0xff},
	"huge bytes":        {0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	"origin of 7 bytes": {0x47, 1, 2, 3, 4, 5, 6, 7},
	"origin of 9 bytes": {0x49, 1, 2, 3, 4, 5, 6, 7, 8, 9},
}

// TestBadFields puts each bad item in the place of each item of each frame, leaves each out and adds one to each tuple.
func TestBadFields(t *testing.T) {
	for name, frame := range sampleFrames(t) {
		var tree []any
		if err := cbor.Unmarshal(frame, &tree); err != nil {
			t.Fatal(err)
		}
		mutate(tree, name, func(what string, raw []byte) {
			changed, err := cbor.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(changed, hole) {
				t.Fatalf("%s: no hole for %s", name, what)
			}
			refused(t, name, what, bytes.Replace(changed, hole, raw, 1))
		})
		if same, err := cbor.Marshal(tree); err != nil || !bytes.Equal(same, frame) {
			t.Fatalf("%s: the test does not undo its changes: %v", name, err)
		}
	}
}

// hole is what the library encodes in a place that gets other bytes afterwards, which it would refuse to write.
var hole = []byte("\x4ffifteen bytes..")

// mutate puts the hole in one place after the other of items, and calls try with all that may be tried there.
func mutate(items []any, path string, try func(what string, raw []byte)) {
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		items[i] = hole[1:]
		for what, raw := range bad {
			if !fits(what, item) {
				try(what+" at "+at, raw)
			}
		}
		if at != path+"[0]" { // without the version the type would be taken for it
			try("nothing at "+at, nil) // the head of the array counts one item more than there is
		}
		inner, _ := item.([]any)
		if len(inner) > 0 && !isList(inner) {
			items[i] = append(slices.Clone(inner), hole[1:])
			try("one more in "+at, []byte{0})
			items[i] = append(slices.Clone(inner[2:]), hole[1:])
			try("one less in "+at, []byte{0})
		}
		items[i] = item
		mutate(inner, at, try)
	}
}

// isList tells a list, which may be of any length, from a tuple: its items are tuples or keys.
func isList(items []any) bool {
	for _, item := range items {
		switch item.(type) {
		case []any, []byte:
		default:
			return false
		}
	}
	return true
}

// fits tells whether one of the bad items is good in the place of this one: keys and values are bytes of any length.
func fits(what string, item any) bool {
	_, isBytes := item.([]byte)
	return isBytes && strings.HasPrefix(what, "origin of") && !looksFixed(item.([]byte))
}

// looksFixed tells nonces, tables, lists of origins and digests from keys and values, as the samples have them.
func looksFixed(b []byte) bool {
	return len(b) == 8 && bytes.Equal(b, sampleNonce[:]) || len(b) >= 8 && b[1] == 0 && b[2] == 0
}

func TestMissingAndExtraFields(t *testing.T) {
	for name, frame := range sampleFrames(t) {
		var tree []any
		if err := cbor.Unmarshal(frame, &tree); err != nil {
			t.Fatal(err)
		}
		for i := range tree {
			less, err := cbor.Marshal(slices.Delete(slices.Clone(tree), i, i+1))
			if err != nil {
				t.Fatal(err)
			}
			if err := decodeAny(name, less); err == nil {
				t.Errorf("%s without field %d is taken", name, i)
			}
		}
		more, err := cbor.Marshal(append(slices.Clone(tree), uint64(0)))
		if err != nil {
			t.Fatal(err)
		}
		refused(t, name, "one field more", more)
	}
}
