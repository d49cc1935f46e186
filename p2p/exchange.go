package p2p

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// The peer exchange: members tell each other whom they know, so that one bootstrap address is enough to know all. All that
// is known goes to whoever was just admitted, and to everybody every 30 s; news of a member go to everybody at once.
//
// A member tells of itself, too, at every telling of all: its address may change while its connections stand, and the hello was
// long ago.
//
// Told is only who was admitted by the teller, and not who has no address, for he cannot be dialled: rumours do not spread
// beyond one hop. With every member goes how long ago it was connected, so that the dead are forgotten everywhere a day later
// and do not live on in hearsay.

// Sizes of the exchange.
const (
	maxTold     = 1024                                              // members in one frame
	maxExchange = 1 << 20                                           // bytes of one frame
	maxIDLen    = 128                                               // bytes of an ID's text
	tellDelay   = 50 * time.Millisecond                             // news wait so long for more
	toldEntry   = maxIDLen + maxName + maxAddrs*(maxAddrLen+2) + 16 // bytes, at most
)

// entry is one member as told.
type entry struct {
	id     string
	region string
	age    uint64 // seconds since it was last connected to somebody
	addrs  []string
}

func appendEntry(b []byte, e entry) []byte {
	b = appendText(appendText(b, e.id), e.region)
	return appendTexts(binary.AppendUvarint(b, e.age), e.addrs)
}

func (r *reader) entry() entry {
	return entry{r.text(maxIDLen), r.text(maxName), r.uint(1 << 40), r.texts(maxAddrs, maxAddrLen)}
}

// encodeEntries writes as many entries as a frame may hold.
func encodeEntries(list []entry) []byte {
	list = list[:min(len(list), maxTold)]
	var body []byte
	n := 0
	for _, e := range list {
		if len(body) > maxExchange-toldEntry {
			break
		}
		body = appendEntry(body, e)
		n++
	}
	return append(binary.AppendUvarint(nil, uint64(n)), body...)
}

func decodeEntries(b []byte) ([]entry, error) {
	r := &reader{b: b}
	var out []entry
	for n := r.uint(maxTold); n > 0 && !r.bad; n-- {
		out = append(out, r.entry())
	}
	return out, r.end()
}

// known lists the members that may be told, those connected last first; of only a few if their IDs are given.
func (r *roster) known(of ...peer.ID) []entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	now := r.now()
	var out []entry
	for id, m := range r.members {
		if !m.admitted || len(m.addrs) == 0 || len(of) > 0 && !slices.Contains(of, id) {
			continue
		}
		e := entry{id: id.String(), region: m.region, addrs: texts(m.addrs, id)}
		if !m.connected() {
			e.age = uint64(max(0, now.Sub(m.seen)) / time.Second)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Or(cmp.Compare(a.age, b.age), cmp.Compare(a.id, b.id)) })
	return out
}

// introduce tells a new member all, and everybody of it, a moment later.
func (h *Host) introduce(id peer.ID) {
	h.tell(id, h.roster.known())
	select {
	case h.news <- id:
	default: // the next telling of all makes up for it
	}
}

func (h *Host) tell(to peer.ID, list []entry) {
	if len(list) == 0 {
		return
	}
	if l := h.roster.link(geo.ID(to.String())); l != nil {
		l.send(lanePeers, encodeEntries(list))
	}
}

func (h *Host) tellAll(list []entry) {
	for _, id := range h.roster.connected() {
		h.tell(id, list)
	}
}

// exchange tells news and, now and then, everything, until ctx is done.
func (h *Host) exchange(ctx context.Context) {
	all := time.NewTicker(h.cfg.times.exchange)
	defer all.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-all.C:
			h.tellAll(append(h.itself(), h.roster.known()...))
		case id := <-h.news:
			h.tellAll(h.roster.known(h.gather(ctx, id)...))
		}
		h.remember()
	}
}

// gather collects what comes within tellDelay: when a mesh starts, news come in crowds.
func (h *Host) gather(ctx context.Context, first peer.ID) []peer.ID {
	list := []peer.ID{first}
	enough := time.NewTimer(tellDelay)
	defer enough.Stop()
	for {
		select {
		case id := <-h.news:
			list = append(list, id)
		case <-enough.C:
			return list
		case <-ctx.Done():
			return list
		}
	}
}

// itself is what a host tells of itself; nothing if it cannot be dialled.
func (h *Host) itself() []entry {
	if addrs := h.Addrs(); len(addrs) > 0 {
		return []entry{{id: h.id.String(), region: h.cfg.region, addrs: addrs}}
	}
	return nil
}

// learn takes what a member tells and returns whether it was well formed. Whom it does not know it dials.
func (h *Host) learn(from peer.ID, b []byte) bool {
	list, err := decodeEntries(b)
	if err != nil {
		return false
	}
	near := h.near(from)
	for _, e := range list {
		if e.id == from.String() {
			h.roster.moved(from, told(e.addrs, from, near))
		} else {
			h.hear(e, near)
		}
	}
	h.dialer.wake()
	return true
}

// moved takes a member's own word on where it is. One that cannot be dialled from here any more is left where it was.
func (r *roster) moved(id peer.ID, addrs []ma.Multiaddr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.members[id]; m != nil && m.connected() && len(addrs) > 0 {
		m.addrs = addrs
	}
}

// near says whether a member is on this machine: loopback addresses that it tells mean the same here.
func (h *Host) near(id peer.ID) bool {
	for _, a := range h.roster.connsTo(id) {
		if manet.IsIPLoopback(a.conn.RemoteMultiaddr()) {
			return true
		}
	}
	return false
}

// hear takes one entry. A member that is connected speaks for itself; of others the latest word counts.
func (h *Host) hear(e entry, near bool) {
	id, err := peer.Decode(e.id)
	if err != nil || id == h.id || time.Duration(e.age) >= h.cfg.times.forget/time.Second {
		return
	}
	addrs := told(e.addrs, id, near)
	if len(addrs) == 0 {
		return
	}
	r := h.roster
	seen := r.now().Add(-time.Duration(e.age) * time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := r.members[id] == nil
	m := r.ensureLocked(id)
	if m == nil || m.connected() || !fresh && !seen.After(m.seen) {
		return
	}
	m.region, m.addrs, m.seen = e.region, addrs, seen
	if e.age == 0 { // the teller is connected to it: after a cut, one who is back brings all the others back
		m.dial.hope(r.now(), h.cfg.times)
	}
}
