package wire

import (
	"math"

	"github.com/geolru/geolru/crdt"
)

// Reason says why a record that came in is dropped. The zero value says that there is nothing against it. The texts are
// few and fixed: fit for the label of a metric.
type Reason string

// What may be wrong with a record.
const (
	Sound              Reason = ""
	KeyEmpty           Reason = "key_empty"
	KeyTooLong         Reason = "key_too_long"         // over MaxKey
	KeyUnexpected      Reason = "key_unexpected"       // a Clear has none
	KindUnknown        Reason = "kind_unknown"         // None, or of a later program
	ValueTooLong       Reason = "value_too_long"       // over MaxValue
	ValueTooShort      Reason = "value_too_short"      // for an offer: one part would do
	ValueUnexpected    Reason = "value_unexpected"     // in a ghost, tombstone or clear
	TimeZero           Reason = "time_zero"            //
	TimeMax            Reason = "time_max"             // 2⁶⁴ − 1: nothing could ever be written above it
	OriginZero         Reason = "origin_zero"          //
	SeqZero            Reason = "seq_zero"             // whoever sends a record has given it a dot
	SeqOverflow        Reason = "seq_overflow"         // 2⁶³ or more
	DeadlineMissing    Reason = "deadline_missing"     // 0 or negative, in a value or ghost
	DeadlineBeforeTime Reason = "deadline_before_time" // by more than two clocks may differ
	DeadlineTooFar     Reason = "deadline_too_far"     // beyond time + L
	DeadlineUnexpected Reason = "deadline_unexpected"  // in a tombstone or clear
)

// CheckRecord tells why a decoded record must be dropped, Sound if it need not. The lifetime is the bound L of its cache in
// milliseconds. Only the record itself is looked at: whether its time is ahead of the clock, or too old, is for those
// to say who have a clock. Safe for concurrent use.
func CheckRecord(r *Record, lifetime int64) Reason {
	if reason := checkKey(r.Key, r.Kind == crdt.Clear); reason != Sound {
		return reason
	}
	if reason := checkVersion(r.Version); reason != Sound {
		return reason
	}
	if reason := checkSeq(r.Seq); reason != Sound {
		return reason
	}
	switch r.Kind {
	case crdt.Value, crdt.Ghost:
		return checkLiving(r, lifetime)
	case crdt.Tombstone, crdt.Clear:
		return checkDead(r)
	}
	return KindUnknown
}

// CheckTouch is CheckRecord for a touch.
func CheckTouch(t *Touch, lifetime int64) Reason {
	if reason := checkKey(t.Key, false); reason != Sound {
		return reason
	}
	if reason := checkVersion(t.Version); reason != Sound {
		return reason
	}
	return checkDeadline(t.Deadline, t.Version.Time, lifetime)
}

func checkKey(key string, none bool) Reason {
	switch {
	case none && key != "":
		return KeyUnexpected
	case !none && key == "":
		return KeyEmpty
	case len(key) > MaxKey:
		return KeyTooLong
	}
	return Sound
}

func checkVersion(v crdt.Version) Reason {
	switch {
	case v.Time == 0:
		return TimeZero
	case v.Time == math.MaxUint64:
		return TimeMax
	case v.Origin == 0:
		return OriginZero
	}
	return Sound
}

func checkSeq(seq uint64) Reason {
	switch {
	case seq == 0:
		return SeqZero
	case seq > crdt.MaxSeq:
		return SeqOverflow
	}
	return Sound
}

func checkLiving(r *Record, lifetime int64) Reason {
	switch {
	case r.Kind != crdt.Value && len(r.Value) > 0:
		return ValueUnexpected
	case len(r.Value) > MaxValue:
		return ValueTooLong
	}
	return checkDeadline(r.Deadline, r.Version.Time, lifetime)
}

func checkDead(r *Record) Reason {
	switch {
	case len(r.Value) > 0:
		return ValueUnexpected
	case r.Deadline != 0:
		return DeadlineUnexpected
	}
	return Sound
}

// checkDeadline allows a deadline up to the clock bound before the time: the time of a writer whose clock is slow runs
// ahead of it, for it has seen faster ones, and a short life that begins then ends, by that clock, before it.
// It subtracts only what is known to be positive, so nothing overflows.
func checkDeadline(deadline int64, written crdt.Time, lifetime int64) Reason {
	switch ms := written.Milli(); {
	case deadline <= 0:
		return DeadlineMissing
	case ms-deadline > crdt.MaxSkew.Milliseconds():
		return DeadlineBeforeTime
	case deadline-ms > lifetime:
		return DeadlineTooFar
	}
	return Sound
}
