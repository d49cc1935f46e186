package replica

import (
	"slices"

	"github.com/geolru/geolru/geo"
)

// overtaken is a request that another peer answered which was asked later.
type overtaken struct {
	ask  uint64
	peer geo.ID
}

// overtook remembers whom the peer outran that was asked by r: for a while the ranking wants to know how late they are. mu is held.
func (e *Engine) overtook(a *ask, r *request) {
	if r == nil {
		return
	}
	for _, id := range slices.Sorted(keys(a.waiting)) {
		late, o := a.waiting[id], overtaken{a.id, id}
		if !late.alone || late.sent >= r.sent {
			continue
		}
		e.overtaken[o] = late.sent
		e.clock.After(e.patience(id, late), func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.late(o)
		})
	}
}

// late tells the ranking how late an overtaken request is, if that is still of interest. mu is held.
func (e *Engine) late(o overtaken) {
	if sent, ok := e.overtaken[o]; ok {
		delete(e.overtaken, o)
		now := e.clock.Now()
		e.rank.Late(o.peer, nanos(now-sent), now)
	}
}
