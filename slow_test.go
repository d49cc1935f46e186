package geolru

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// A cache of 2.5 M records that takes five seconds says so twice, and passes all of them on.
func TestWhatIsSlowSaysHowFarItIs(t *testing.T) {
	var log bytes.Buffer
	now := time.Unix(0, 0)
	s := &slow{slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now }, now}
	const records = 2_500_000
	items := func(yield func(int, error) bool) {
		for i := range records {
			now = now.Add(2 * time.Microsecond)
			if !yield(i, nil) {
				return
			}
		}
	}
	passed := 0
	for i, err := range counted(items, s, "writing", "users") {
		if i != passed || err != nil {
			t.Fatalf("item %d: %d, %v", passed, i, err)
		}
		passed++
	}
	if passed != records {
		t.Errorf("%d of %d items passed", passed, records)
	}
	if said := strings.Count(log.String(), `msg=writing cache=users records=`); said != 2 {
		t.Errorf("said %d times, want 2:\n%s", said, &log)
	}
	for range counted(items, s, "writing", "users") {
		break // and it ends with who takes from it
	}
}
