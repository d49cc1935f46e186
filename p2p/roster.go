package p2p

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/geolru/geolru/geo"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	maxMembers = 4096 // bounds the roster, rumours of peers that nobody can reach included
	maxLives   = 4    // that are remembered of a member: as many processes of one identity at once are told apart
)

// member is all that is known of one other node.
type member struct {
	id       peer.ID
	region   string
	addrs    []ma.Multiaddr // without /p2p; none: a client, not to be dialled
	life     life           // of its admitted connections
	past     []life         // those before, the last maxLives of them
	admitted bool           // by this host, once; until then it is hearsay
	seen     time.Time      // when it was last connected to anybody
	conns    []*admission   // admitted and not closed
	link     *link          // set while conns is not empty
	dial     attempt
	calm     attempt // fails with every connection that ended young: until its next nobody dials the member
}

func (m *member) connected() bool { return len(m.conns) > 0 }

func (m *member) peer() geo.Peer {
	return geo.Peer{ID: geo.ID(m.id.String()), Region: m.region, Addrs: texts(m.addrs, m.id), Connected: m.connected()}
}

// roster is the table of members and of who is wanted. Its zero value is not ready: use newRoster. Safe for concurrent use.
type roster struct {
	mu      sync.RWMutex
	members map[peer.ID]*member
	links   map[geo.ID]*link     // of those that are connected, for Send
	shun    map[peer.ID]struct{} // who was admitted when Keep was called last, and is not wanted
	now     func() time.Time
}

func newRoster() *roster {
	return &roster{members: map[peer.ID]*member{}, links: map[geo.ID]*link{}, now: time.Now}
}

// ensureLocked returns the member of that ID, a new one if there is room, else nil.
func (r *roster) ensureLocked(id peer.ID) *member {
	m := r.members[id]
	if m == nil && len(r.members) < maxMembers {
		m = &member{id: id, seen: r.now()}
		r.members[id] = m
	}
	return m
}

// wantedLocked tells whether to be connected to a member. One that was admitted since Keep was called last is: whoever called
// did not know of it, and calls again.
func (r *roster) wantedLocked(id peer.ID) bool {
	_, shunned := r.shun[id]
	return !shunned
}

// link returns the way to a connected member, nil if it is not.
func (r *roster) link(to geo.ID) *link {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.links[to]
}

// region returns the label of a member; "" if it has none or is not known.
func (r *roster) region(id peer.ID) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if m := r.members[id]; m != nil {
		return m.region
	}
	return ""
}

// connsTo returns the admitted connections of a peer.
func (r *roster) connsTo(id peer.ID) []*admission {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if m := r.members[id]; m != nil {
		return slices.Clone(m.conns)
	}
	return nil
}

// connected returns the IDs of the members with an admitted connection.
func (r *roster) connected() []peer.ID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []peer.ID
	for id, m := range r.members {
		if m.connected() {
			out = append(out, id)
		}
	}
	return out
}

// list returns the members that this host has admitted at least once, by ID.
func (r *roster) list() []geo.Peer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []geo.Peer
	for _, m := range r.members {
		if m.admitted {
			out = append(out, m.peer())
		}
	}
	slices.SortFunc(out, func(a, b geo.Peer) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// forget drops those that nobody has been connected to for so long.
func (r *roster) forget(after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	maps.DeleteFunc(r.members, func(_ peer.ID, m *member) bool {
		return !m.connected() && !m.dial.busy && now.Sub(m.seen) > after
	})
}

// setKeep sets who is wanted; nil: everybody. What is no ID names nobody.
func (r *roster) setKeep(want []geo.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shun = map[peer.ID]struct{}{}
	if want == nil {
		return
	}
	for id, m := range r.members {
		if m.admitted {
			r.shun[id] = struct{}{}
		}
	}
	for _, text := range want {
		if id, err := peer.Decode(string(text)); err == nil {
			delete(r.shun, id)
		}
	}
}

// surplus returns the connections that this host dialled longer than age ago and does not want. Those that others dialled
// are theirs to close: they want this host.
func (r *roster) surplus(age time.Duration) []*admission {
	r.mu.RLock()
	defer r.mu.RUnlock()
	now := r.now()
	var out []*admission
	for id, m := range r.members {
		if r.wantedLocked(id) {
			continue
		}
		for _, a := range m.conns {
			if !a.inbound() && now.Sub(a.conn.Stat().Opened) > age {
				out = append(out, a)
			}
		}
	}
	return out
}
