package replica

import (
	"testing"
	"time"
)

// Few records hardly wait, more in a mesh of many nodes; many wait a window; what the network does not take a wide one.
func TestWhatWaitsForCompany(t *testing.T) {
	for name, c := range map[string]struct {
		records int
		taken   bool
		others  int
		since   time.Duration
		want    time.Duration
	}{
		"the first after a rest": {1, true, 1, time.Minute, brief},
		"10,000 a second":        {20, true, 1, window, brief},
		"the same, briefly":      {2, true, 1, brief, brief},
		"nobody is there":        {2, true, 0, brief, brief},
		"five nodes":             {2, true, 4, 4 * brief, 4 * brief},
		"64 nodes":               {2, true, 63, window, window},
		"20,000 a second":        {40, true, 1, window, window},
		"100,000 a second":       {15, true, 1, brief, window},
		"no time has passed":     {1, true, 1, 0, window},
		"congested":              {0, false, 1, window, wideWindow},
	} {
		now := time.Hour
		o := outbox{records: c.records, flushed: int64(now - c.since)}
		if got := o.pause(c.taken, c.others, int64(now)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if o.records != 0 || o.flushed != int64(now) {
			t.Errorf("%s: %d records are left, counted since %d", name, o.records, o.flushed)
		}
	}
}
