package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/geolru/geolru/crdt"
	"pgregory.net/rapid"
)

func TestDigestPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var known []crdt.Known
		for i := range rapid.IntRange(0, 5000).Draw(t, "origins") {
			known = append(known, crdt.Known{Origin: math.MaxUint64 - crdt.Origin(i), Head: rapid.Uint64Max(1<<62).Draw(t, "head")})
		}
		pages := DigestPages(known, DigestBytes)
		if len(pages) != max(1, (len(known)+MaxFrameRecords-1)/MaxFrameRecords) {
			t.Fatalf("%d origins on %d pages", len(known), len(pages))
		}
		slices.Reverse(known)
		if all := slices.Concat(pages...); !slices.EqualFunc(all, known, func(a, b crdt.Known) bool { return a.Origin == b.Origin && a.Head == b.Head }) {
			t.Fatal("the pages are not the digest")
		}
	})
}

// TestDigestPagesBytes fills frames with the longest of everything.
func TestDigestPagesBytes(t *testing.T) {
	var known []crdt.Known
	for i := range 8 {
		k := crdt.Known{Origin: crdt.Origin(i + 1), Head: 1 << 61}
		for n := range uint64(1000 + 29000*(i%2)) { // some fit a page, some are longer than one
			k.Ranges = append(k.Ranges, crdt.Range{Lo: 1<<61 + 1<<45*(n+1), Hi: 1<<61 + 1<<45*(n+1) + 1<<44})
		}
		known = append(known, k)
	}
	var got []crdt.Known
	for _, page := range DigestPages(known, DigestBytes) {
		m := &Answer{Cache: strings.Repeat("c", MaxName), Session: math.MaxUint64, Digest: page, Floor: math.MaxUint64}
		for range MaxFrameRecords {
			m.Forgotten = append(m.Forgotten, Forgotten{math.MaxUint64, math.MaxUint64, math.MaxUint64})
		}
		frame := mustEncode(t, m)
		if len(frame) > MaxFrameBytes {
			t.Errorf("a page of %d bytes", len(frame))
		}
		back, err := Decode(frame)
		if err != nil {
			t.Fatal(err)
		}
		got = AppendPage(got, back.(*Answer).Digest)
	}
	if !reflect.DeepEqual(got, known) {
		t.Error("the pages are not the digest")
	}
}

func TestDigestIsSorted(t *testing.T) {
	known := sampleDigest()
	slices.Reverse(known)
	before := slices.Clone(known)
	m, err := Decode(mustEncode(t, &Pull{Cache: "c", Digest: known}))
	if err != nil || !reflect.DeepEqual(m.(*Pull).Digest, sampleDigest()) {
		t.Errorf("%v %+v", err, m)
	}
	if !reflect.DeepEqual(known, before) {
		t.Error("encoding changed the order of the caller's digest")
	}
}

// TestDigestSize holds the price of knowledge: 20 bytes for an origin (8 of them the time of its last record), under 3
// for a range.
func TestDigestSize(t *testing.T) {
	size := func(ranges uint64) int {
		k := crdt.Known{Origin: 1, Head: 100_000, Last: crdt.At(sampleMillis)}
		for i := range ranges {
			k.Ranges = append(k.Ranges, crdt.Range{Lo: k.Head + 100*(i+1), Hi: k.Head + 100*(i+1) + i%100})
		}
		return len(appendKnown(nil, &k))
	}
	if size(0) > 20 {
		t.Errorf("an origin takes %d bytes", size(0))
	}
	if n := size(100) - size(0); n > 280 {
		t.Errorf("100 ranges take %d bytes", n)
	}
}

func TestEncodeRefusesUnsoundDigest(t *testing.T) {
	one := func(head uint64, ranges ...crdt.Range) []crdt.Known {
		return []crdt.Known{{Origin: 1, Head: head, Ranges: ranges}}
	}
	for what, known := range map[string][]crdt.Known{
		"overlapping":      one(1, crdt.Range{Lo: 3, Hi: 6}, crdt.Range{Lo: 6, Hi: 7}),
		"touching":         one(1, crdt.Range{Lo: 3, Hi: 6}, crdt.Range{Lo: 7, Hi: 8}),
		"unsorted":         one(1, crdt.Range{Lo: 30, Hi: 31}, crdt.Range{Lo: 3, Hi: 6}),
		"inverted":         one(1, crdt.Range{Lo: 6, Hi: 3}),
		"below the head":   one(10, crdt.Range{Lo: 3, Hi: 6}),
		"at the head":      one(2, crdt.Range{Lo: 3, Hi: 6}),
		"zero":             one(0, crdt.Range{}),
		"beyond 2^63":      one(0, crdt.Range{Lo: 3, Hi: 1 << 63}),
		"behind 2^63":      one(0, crdt.Range{Lo: 3, Hi: math.MaxUint64}, crdt.Range{Lo: 1, Hi: 2}),
		"head beyond 2^63": one(1 << 63),
		"head of all bits": one(math.MaxUint64, crdt.Range{Lo: 3, Hi: 6}),
		"too many ranges":  one(0, make([]crdt.Range, crdt.MaxRanges+1)...),
		"origin 0":         {{}},
		"origin twice":     {{Origin: 4}, {Origin: 5}, {Origin: 4}},
	} {
		if _, err := Encode(&Pull{Cache: "c", Digest: known}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Encode(&Pull{Cache: "c", Digest: make([]crdt.Known, MaxFrameRecords+1)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("1,025 origins: %v", err)
	}
}

// pull is a frame with these bytes as its digest.
func pull(digest []byte) []byte {
	c := codec{b: []byte("\x87\x01\x08\x61c\x01")}
	putString(&c, majorBytes, digest)
	return append(c.b, simpleNo, simpleNo)
}

func TestMalformedDigests(t *testing.T) {
	known := func(origin byte, rest string) string { return strings.Repeat("\x00", 7) + string(rune(origin)) + rest }
	const time = "\x00\x00\x00\x00\x00\x00\x00\x00"
	const top = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f" // 2^63 − 1
	for what, good := range map[string]string{
		"empty":           "\x00",
		"one":             "\x01" + known(1, "\x05"+time+"\x00"),
		"two":             "\x02" + known(1, "\x05"+time+"\x00") + known(2, "\x00"+time+"\x01\x00\x00"),
		"head of 2^63-1":  "\x01" + known(1, top+time+"\x00"),
		"range to 2^63-1": "\x01" + known(1, "\x00"+time+"\x01\x00\xfd\xff\xff\xff\xff\xff\xff\xff\x7f"),
	} {
		if err := decodeAny("pull", pull([]byte(good))); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, digest := range map[string]string{
		"nothing":              "",
		"count alone":          "\x01",
		"count too high":       "\x02" + known(1, "\x05"+time+"\x00"),
		"count too low":        "\x00" + known(1, "\x05"+time+"\x00"),
		"a million origins":    "\xc0\x84\x3d" + strings.Repeat(known(1, "\x05"+time+"\x00"), 10),
		"2^63 origins":         "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
		"duplicate origin":     "\x02" + strings.Repeat(known(1, "\x05"+time+"\x00"), 2),
		"descending origins":   "\x02" + known(2, "\x05"+time+"\x00") + known(1, "\x05"+time+"\x00"),
		"origin 0":             "\x01" + known(0, "\x05"+time+"\x00"),
		"origin of 7 bytes":    "\x01" + strings.Repeat("\x00", 6) + "\x01\x05" + time + "\x00",
		"trailing byte":        "\x01" + known(1, "\x05"+time+"\x00\x00"),
		"varint overflow":      "\x01" + known(1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"+time+"\x00"),
		"varint without end":   "\x01" + known(1, strings.Repeat("\xff", 20)+time+"\x00"),
		"varint overlong":      "\x01" + known(1, "\x85\x00"+time+"\x00"),
		"varint overlong, 0":   "\x01" + known(1, "\x80\x00"+time+"\x00"),
		"head of 2^63":         "\x01" + known(1, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"+time+"\x00"),
		"gap overflows":        "\x01" + known(1, top+time+"\x01\x00\x00"),
		"gap overflows by far": "\x01" + known(1, top+time+"\x01"+top+"\x00"),
		"length overflows":     "\x01" + known(1, "\x00"+time+"\x01\x00"+top),
		"second overflows":     "\x01" + known(1, "\x00"+time+"\x02\x00\xfd\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00"),
		"ranges missing":       "\x01" + known(1, "\x05"+time+"\x01"),
		"range half":           "\x01" + known(1, "\x05"+time+"\x01\x00"),
		"2^40 ranges":          "\x01" + known(1, "\x05"+time+"\x80\x80\x80\x80\x80\x20\x00\x00"),
	} {
		refused(t, "pull", what, pull([]byte(digest)))
	}
}

func TestMillionOrigins(t *testing.T) {
	digest := binary.AppendUvarint(nil, 1_000_000)
	for i := range uint64(1_000_000) {
		digest = appendKnown(digest, &crdt.Known{Origin: crdt.Origin(i + 1)})
	}
	refused(t, "pull", "a million origins", pull(digest))
	digest = binary.AppendUvarint(nil, MaxFrameRecords+1)
	for i := range uint64(MaxFrameRecords + 1) {
		digest = appendKnown(digest, &crdt.Known{Origin: crdt.Origin(i + 1)})
	}
	refused(t, "pull", "1,025 origins", pull(digest))
}
