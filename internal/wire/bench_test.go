package wire

import (
	"fmt"
	"testing"

	"github.com/geolru/geolru/crdt"
)

func fullBatch() *Batch {
	b := &Batch{Nonce: sampleNonce}
	for i := range MaxBatchRecords {
		r := sampleRecord(crdt.Value, sampleOrigin(sampleNonce))
		r.Key, r.Value, r.Seq = fmt.Sprintf("user:%011d", i), make([]byte, 100), uint64(100_000+i)
		b.Records = append(b.Records, r)
	}
	return b
}

func perRecord(b *testing.B, records int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(records), "ns/record")
	b.ReportAllocs()
}

func BenchmarkEncodeBatch(b *testing.B) {
	batch := fullBatch()
	for b.Loop() {
		if _, err := EncodeBatch(batch); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, MaxBatchRecords)
}

func BenchmarkDecodeBatch(b *testing.B) {
	frame := mustEncodeBatch(b, fullBatch())
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		if _, err := DecodeBatch(frame, sampleOrigin); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, MaxBatchRecords)
}

// fullFrame has records of 50 origins.
func fullFrame() *Records {
	m := &Records{Cache: "users"}
	for i := range MaxFrameRecords {
		r := fullBatch().Records[i%MaxBatchRecords]
		r.Version.Origin += crdt.Origin(i % 50)
		m.Records = append(m.Records, r)
	}
	return m
}

func BenchmarkEncodeRecords(b *testing.B) {
	m := fullFrame()
	for b.Loop() {
		if _, err := Encode(m); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, MaxFrameRecords)
}

func BenchmarkDecodeRecords(b *testing.B) {
	frame := mustEncode(b, fullFrame())
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		if _, err := Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, MaxFrameRecords)
}

// BenchmarkRefuse is a frame of as many items as fit, all of them well-formed. The library alone takes milliseconds to
// walk it; refusing must not.
func BenchmarkRefuse(b *testing.B) {
	frame := []byte("\x86\x01\x0a\x61c\x01\x40\x99\x01\x00")
	for range 256 {
		frame = append(frame, 0x99, 0x04, 0x00)
		frame = append(frame, make([]byte, 1024)...)
	}
	for b.Loop() {
		if _, err := Decode(frame); err == nil {
			b.Fatal("taken")
		}
	}
	b.ReportAllocs()
}
