package replica

import (
	"slices"

	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/geo"
)

// maxAgain is how often an ask turns to a peer once more since a value was overwritten while it came: for a large value, on
// a way that is slow, that is no rare luck, and the key is there all the time. Of one that is overwritten faster than it can
// be read the reader hears in the end that there is none.
const maxAgain = 3

// again has an ask turn to whoever has what followed a version of a key that came to nothing: its writer, as far as that is
// known here by now, else the peer that had the version. held says that this one still has it, and it was refused here. mu is
// held.
func (a *ask) again(key string, version crdt.Version, holder geo.ID, held bool) {
	r := a.cache.store.Known(key)
	newer := version.Less(r.Version)
	if _, missing := a.missing[key]; !missing || a.repeats == maxAgain || held && !newer || newer && r.Kind == crdt.Tombstone {
		return
	}
	if writer, known := a.cache.authors[r.Version.Origin]; newer && known {
		holder = writer
	}
	if !slices.Contains(a.left, holder) {
		a.left = append([]geo.ID{holder}, a.left...)
		a.repeats++
	}
}
