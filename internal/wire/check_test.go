package wire

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/geolru/geolru/crdt"
)

func TestCheckRecord(t *testing.T) {
	const value, ghost, tombstone, all = crdt.Value, crdt.Ghost, crdt.Tombstone, crdt.Clear
	for _, c := range []struct {
		name   string
		kind   crdt.Kind
		change func(*Record)
		want   Reason
	}{
		{"value", value, func(*Record) {}, Sound},
		{"empty value", value, func(r *Record) { r.Value = nil }, Sound},
		{"ghost", ghost, func(*Record) {}, Sound},
		{"tombstone", tombstone, func(*Record) {}, Sound},
		{"clear", all, func(*Record) {}, Sound},
		{"key of NUL, newline, escape", value, func(r *Record) { r.Key = "\x00\n\x1b[31m" }, Sound},
		{"longest key", value, func(r *Record) { r.Key = strings.Repeat("k", MaxKey) }, Sound},
		{"largest value", value, func(r *Record) { r.Value = make([]byte, MaxValue) }, Sound},
		{"deadline at the bound", value, func(r *Record) { r.Deadline = sampleMillis + sampleLifetime }, Sound},
		{"deadline at its time", value, func(r *Record) { r.Deadline = sampleMillis }, Sound},
		{"last time but one", tombstone, func(r *Record) { r.Version.Time = math.MaxUint64 - 1 }, Sound},
		{"last seq", ghost, func(r *Record) { r.Seq = 1<<63 - 1 }, Sound},

		{"27", value, func(r *Record) { r.Key = "" }, KeyEmpty},
		{"27 tombstone", tombstone, func(r *Record) { r.Key = "" }, KeyEmpty},
		{"28", ghost, func(r *Record) { r.Key = strings.Repeat("k", MaxKey+1) }, KeyTooLong},
		{"29", value, func(r *Record) { r.Value = make([]byte, MaxValue+1) }, ValueTooLong},
		{"30", value, func(r *Record) { r.Version.Time = 0 }, TimeZero},
		{"31", tombstone, func(r *Record) { r.Version.Time = math.MaxUint64 }, TimeMax},
		{"34 none", value, func(r *Record) { r.Deadline = 0 }, DeadlineMissing},
		{"34 none in a ghost", ghost, func(r *Record) { r.Deadline = 0 }, DeadlineMissing},
		{"34 negative", value, func(r *Record) { r.Deadline = math.MinInt64 }, DeadlineMissing},
		{"35", ghost, func(r *Record) { r.Deadline = sampleMillis - 30_001 }, DeadlineBeforeTime},
		{"36", value, func(r *Record) { r.Deadline++ }, DeadlineTooFar},
		{"36 by far", ghost, func(r *Record) { r.Deadline = math.MaxInt64 }, DeadlineTooFar},
		{"38", tombstone, func(r *Record) { r.Value = []byte("x") }, ValueUnexpected},
		{"38 ghost", ghost, func(r *Record) { r.Value = []byte("x") }, ValueUnexpected},
		{"38 clear", all, func(r *Record) { r.Value = []byte("x") }, ValueUnexpected},
		{"tombstone with a deadline", tombstone, func(r *Record) { r.Deadline = sampleMillis + 1 }, DeadlineUnexpected},
		{"clear with a deadline", all, func(r *Record) { r.Deadline = -1 }, DeadlineUnexpected},
		{"clear with a key", all, func(r *Record) { r.Key = "k" }, KeyUnexpected},
		{"39", value, func(r *Record) { r.Kind = crdt.Clear + 1 }, KindUnknown},
		{"39 of all bits", value, func(r *Record) { r.Kind = 255 }, KindUnknown},
		{"39 none", value, func(r *Record) { r.Kind = crdt.None }, KindUnknown},
		{"40", value, func(r *Record) { r.Version.Origin = 0 }, OriginZero},
		{"45 zero", value, func(r *Record) { r.Seq = 0 }, SeqZero},
		{"45 beyond", all, func(r *Record) { r.Seq = 1 << 63 }, SeqOverflow},
	} {
		r := sampleRecord(c.kind, 5)
		c.change(&r)
		if got := CheckRecord(&r, sampleLifetime); got != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
}

// TestBadRecordSparesBatch sends each kind of bad record that a batch can carry between two good ones.
func TestBadRecordSparesBatch(t *testing.T) {
	good, o := sampleRecord(crdt.Value, 5), crdt.Origin(5)
	for want, change := range map[Reason]func(*Record){
		KeyEmpty:           func(r *Record) { r.Key = "" },
		KeyTooLong:         func(r *Record) { r.Key = strings.Repeat("k", MaxKey+1) },
		TimeZero:           func(r *Record) { r.Version.Time = 0 },
		TimeMax:            func(r *Record) { r.Version.Time = math.MaxUint64 },
		DeadlineMissing:    func(r *Record) { r.Deadline = -5 },
		DeadlineBeforeTime: func(r *Record) { r.Deadline = 5 },
		DeadlineTooFar:     func(r *Record) { r.Deadline = math.MaxInt64 },
		ValueUnexpected:    func(r *Record) { r.Kind = crdt.Tombstone },
		KindUnknown:        func(r *Record) { r.Kind = 77 },
		SeqZero:            func(r *Record) { r.Seq = 0 },
		SeqOverflow:        func(r *Record) { r.Seq = math.MaxUint64 },
	} {
		bad := good
		change(&bad)
		sent := &Batch{Records: []Record{good, bad, good}}
		got, err := DecodeBatch(mustEncodeBatch(t, sent), func([8]byte) crdt.Origin { return o })
		if err != nil {
			t.Errorf("%s condemns its batch: %v", want, err)
			continue
		}
		if !reflect.DeepEqual(got, sent) {
			t.Errorf("%s changed on the way: %+v", want, got.Records[1])
		}
		for i, want := range []Reason{Sound, want, Sound} {
			if reason := CheckRecord(&got.Records[i], sampleLifetime); reason != want {
				t.Errorf("record %d: %q, not %q", i, reason, want)
			}
		}
	}
}

func TestCheckOffer(t *testing.T) {
	good := *samples()["offers"].(*Offers)
	for want, change := range map[Reason]func(*Offer){
		Sound:          func(*Offer) {},
		ValueTooShort:  func(o *Offer) { o.Size = PartBytes },
		ValueTooLong:   func(o *Offer) { o.Size = MaxValue + 1 },
		SeqZero:        func(o *Offer) { o.Seq = 0 },
		KeyTooLong:     func(o *Offer) { o.Key = strings.Repeat("k", MaxKey+1) },
		TimeMax:        func(o *Offer) { o.Version.Time = math.MaxUint64 },
		DeadlineTooFar: func(o *Offer) { o.Deadline++ },
	} {
		o := good.Offers[0]
		change(&o)
		if got := CheckOffer(&o, sampleLifetime); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestCheckTouch(t *testing.T) {
	good := Touch{"k", crdt.Version{Time: crdt.At(sampleMillis), Origin: 5}, sampleMillis + sampleLifetime}
	for want, change := range map[Reason]func(*Touch){
		Sound:              func(*Touch) {},
		KeyEmpty:           func(t *Touch) { t.Key = "" },
		KeyTooLong:         func(t *Touch) { t.Key = strings.Repeat("k", MaxKey+1) },
		TimeZero:           func(t *Touch) { t.Version.Time = 0 },
		TimeMax:            func(t *Touch) { t.Version.Time = math.MaxUint64 },
		OriginZero:         func(t *Touch) { t.Version.Origin = 0 },
		DeadlineMissing:    func(t *Touch) { t.Deadline = 0 },
		DeadlineBeforeTime: func(t *Touch) { t.Deadline = sampleMillis - 30_001 },
		DeadlineTooFar:     func(t *Touch) { t.Deadline++ },
	} {
		touch := good
		change(&touch)
		if got := CheckTouch(&touch, sampleLifetime); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
