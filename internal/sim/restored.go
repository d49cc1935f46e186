package sim

import (
	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
)

// AttachRestored is Attach for a replica that has just come back from a snapshot: what is in it is what it knows from
// its first moment on.
func (o *Oracle) AttachRestored(n *Node, c *replica.Cache) {
	o.Attach(n, c)
	v, s := o.views[n], c.Store()
	for _, cursor := range s.Order() {
		if rec, ok := s.At(cursor); ok {
			v.known[rec.Key] = later(v.known[rec.Key], o.age(rec.Version))
			o.remember(rec.Key, rec.Register)
			v.hold(rec.Key, rec.Register, rec.Value.Len())
		}
	}
	if r := s.Cleared(); r.Version != zero {
		o.changed(n, v, store.Change[replica.Blob]{Kind: store.ChangeClear, Register: r})
	}
}
