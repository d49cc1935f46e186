package wire

import (
	"math"
	"strings"
	"testing"
)

func TestTableOfOrigins(t *testing.T) {
	frame := func(table string, index byte) []byte {
		head := "\x86\x01\x0a\x61c\x01" + table + "\x81"
		return append([]byte(head), '\x87', 0x41, 'k', 1, index, 1, 1, 2, 0x40)
	}
	a, b := "\x00\x00\x00\x00\x00\x00\x00\x01", "\x00\x00\x00\x00\x00\x00\x00\x02"
	if err := decodeAny("records", frame("\x50"+a+b, 1)); err != nil {
		t.Error(err)
	}
	many := "\x59\x20\x08" + strings.Repeat(a, 1025)
	for what, bytes := range map[string][]byte{
		"not ascending": frame("\x50"+b+a, 1), "twice the same": frame("\x50"+a+a, 1), "index beyond": frame("\x48"+a, 1),
		"empty": frame("\x40", 0), "half an origin": frame("\x4c"+a+"\x00\x00\x00\x00", 0), "1,025": frame(many, 0),
	} {
		refused(t, "records", what, bytes)
	}
}

// TestDeadlineIsRelative checks the two deadlines that change places, and the ends of the range.
func TestDeadlineIsRelative(t *testing.T) {
	for _, ms := range []int64{0, 1, sampleMillis, 1<<48 - 1} {
		for _, deadline := range []int64{0, 1, ms - 1, ms, ms + 1, -ms, math.MinInt64, math.MaxInt64} {
			if got := absolute(relative(deadline, ms), ms); got != deadline {
				t.Errorf("deadline %d at %d comes back as %d", deadline, ms, got)
			}
		}
	}
}

func TestCacheOf(t *testing.T) {
	for name, m := range samples() {
		want := "users"
		switch name {
		case "probe":
			want = ""
		case "pull":
			want = "größe"
		}
		if got := CacheOf(m); got != want {
			t.Errorf("%s is about cache %q, not %q", name, got, want)
		}
	}
}
