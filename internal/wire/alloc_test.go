package wire

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/geolru/geolru/crdt"
)

// allocated is how many bytes f allocates, the least of several runs: others than f may allocate meanwhile.
func allocated(f func()) uint64 {
	least := ^uint64(0)
	var before, after runtime.MemStats
	for range 5 {
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// hostile is frames that make a careless decoder allocate.
func hostile() map[string][]byte {
	list := func(head, element string, n int) []byte {
		return []byte(head + "\x99" + string([]byte{byte(n >> 8), byte(n)}) + strings.Repeat(element, n))
	}
	const batch, fetch, fetched, ack = "\x85\x01\x01\x48nonce..8", "\x86\x01\x03\x61c\x01", "\x88\x01\x04\x61c\x01", "\x84\x01\x05\x61c"
	const probe, answer, records, keys = "\x86\x01\x02\x01\xf4\x01", "\x8a\x01\x09\x61c\x01\x41\x00\x01", "\x86\x01\x0a\x61c\x01\x48origin..", "\x86\x01\x0b\x61c\x01"
	frames := map[string][]byte{
		"null records":   list(records, "\xf6", 1024),
		"no records":     list(records, "\x80", 1024),
		"zero records":   list(records, "\x00", 1024),
		"least records":  list(records, "\x87\x40\x00\x00\x00\x00\x00\x40", 1024),
		"empty values":   list(records, "\x87\x40\x00\x00\x00\x01\x00\x40", 1024),
		"short records":  list(records, "\x87\x42kk\x00\x00\x00\x01\x00\x41v", 1024),
		"null batch":     list(batch, "\xf6", 256),
		"least batch":    append(list(batch, "\x86\x42kk\x00\x00\x01\x00\x41v", 256), 0x80),
		"least touches":  list(batch+"\x80", "\x84\x42kk\x00\x00\x00", 256),
		"null wants":     list(fetch, "\xf6", 1024),
		"least wants":    append(list(fetch, "\x83\x42kk\x00\x00", 1024), 0x40),
		"null caches":    list(probe, "\xf6", 1024),
		"least caches":   list(probe, "\x84\x62cc\x00\x00\x48nonce..8", 1024),
		"null heads":     list(ack, "\xf6", 1024),
		"least heads":    list(ack, "\x82\x01\x00", 1024),
		"fetched heads":  append(list(fetched, "\x82\x01\x00", 1024), 0xf5, 0x40, 0x80),
		"null forgotten": list(answer, "\xf6", 1024),
		"all forgotten":  append(list(answer, "\x83\x01\x00\x00", 1024), 0x00, 0xf4, 0xf4),
		"null keys":      list(keys, "\xf6", 1024),
		"least keys":     append(list(keys, "\x42kk", 1024), 0xf4),
		"huge array":     []byte(ack + "\x9a\x7f\xff\xff\xff"),
		"huge string":    []byte(keys + "\x81\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"),
		"huge digest":    pull([]byte("\xff\x07" + strings.Repeat("x", 100))),
		"deep":           bytes.Repeat([]byte{0x81}, MaxFrameBytes),
		"large, refused": append([]byte(records), bytes.Repeat([]byte{0x81}, MaxFrameBytes)...),
	}
	digest := []byte("\x80\x08")
	for i := range MaxFrameRecords {
		digest = appendKnown(digest, &crdt.Known{Origin: crdt.Origin(i + 1)})
	}
	frames["least digest"] = pull(digest)
	digest = appendKnown([]byte{1}, &crdt.Known{Origin: 1})
	digest = append(digest[:len(digest)-1], "\xa0\x8d\x06"+strings.Repeat("\x00\x00", 100_000)...)
	frames["least ranges"] = pull(digest)
	return frames
}

func TestAllocationBound(t *testing.T) {
	for name, frame := range hostile() {
		bound := 16*uint64(len(frame)) + 4096 // the message itself and an error
		decodeBytes := allocated(func() { _, _ = Decode(frame) })
		batchBytes := allocated(func() { _, _ = DecodeBatch(frame, sampleOrigin) })
		if n := max(decodeBytes, batchBytes); n > bound {
			t.Errorf("%s: %d bytes allocated for a frame of %d: %.1f times", name, n, len(frame), float64(n)/float64(len(frame)))
		}
	}
}

// TestRefusalIsCheap holds refused frames to 64 KiB, however long they are.
func TestRefusalIsCheap(t *testing.T) {
	for name, frame := range hostile() {
		if _, err := Decode(frame); err == nil {
			continue
		}
		if n := allocated(func() { _, _ = Decode(frame) }); n > 64<<10 {
			t.Errorf("%s: %d bytes allocated to refuse %d", name, n, len(frame))
		}
	}
}

// TestHostileFramesReachTheDecoder holds the frames to their purpose: those of least elements are sound.
func TestHostileFramesReachTheDecoder(t *testing.T) {
	for name, frame := range hostile() {
		_, err := Decode(frame)
		_, batchErr := DecodeBatch(frame, sampleOrigin)
		if sound := err == nil || batchErr == nil; sound != isSound(name) {
			t.Errorf("%s: %v, %v", name, err, batchErr)
		}
	}
}

func isSound(name string) bool {
	for _, word := range []string{"null", "no ", "zero", "huge", "deep", "refused"} {
		if strings.Contains(name, word) {
			return false
		}
	}
	return true
}

// TestLargeFrameHoldsOneRecord refuses a second record where there is room for one large value.
func TestLargeFrameHoldsOneRecord(t *testing.T) {
	one := sampleRecord(crdt.Value, 5)
	one.Value = make([]byte, MaxValue)
	frame := mustEncode(t, &Records{Cache: "c", Records: []Record{one}})
	if _, err := Decode(frame); err != nil {
		t.Fatal(err)
	}
	at := bytes.IndexByte(frame, 0x81)
	frame[at] = 0x82
	frame = append(frame, "\x87\x40\x00\x00\x00\x00\x00\x40"...)
	refused(t, "records", "two records", frame)
	if n := allocated(func() { _, _ = Decode(frame) }); n > 4096 {
		t.Errorf("%d bytes allocated before the second record was refused", n)
	}
}
