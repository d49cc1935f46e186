package geolru

import (
	"context"
	"slices"
	"time"

	"github.com/geolru/geolru/internal/replica"
)

// Peer is an admitted member of the mesh, as this node sees it.
type Peer struct {
	ID, Region string
	Addrs      []string      // dialable multiaddrs, each ending in /p2p/ID
	RTT        time.Duration // there and back; 0 = not measured
	Lag        time.Duration // for how long it has lacked something that was written here; 0 = it has all
	Connected  bool
	Note       string // for people: why nothing is synced with it (a clock that is off, another TTL), or how far a cache is filled from it; empty if there is nothing to say
}

// Peers is the admitted members, nearest first; those that are not connected now come last.
func (n *Node) Peers() []Peer {
	infos := n.engine.Peers()
	peers := make([]Peer, 0, len(infos))
	for _, p := range infos {
		peers = append(peers, Peer{
			ID: string(p.ID), Region: p.Region, Addrs: p.Addrs, RTT: p.RTT, Lag: p.Lag, Connected: p.Connected, Note: p.Note,
		})
	}
	return peers
}

// Ready waits until every cache that is open on the node has had everything from a peer, or there is none to have it
// from: peers are connected and none of them holds the cache, no peer is connected when Mesh.Timeout has passed since Join
// (at once where there is nobody to look for: no Mesh.Bootstrap, no Mesh.MDNS and no peer that Mesh.Dir remembers), or
// nothing has come from those that are for a whole Mesh.Timeout. The error is that of ctx, or [ErrClosed].
func (n *Node) Ready(ctx context.Context) error {
	synced := make(chan struct{})
	cancel := n.engine.Ready(func() { close(synced) })
	defer cancel()
	look := time.NewTimer(n.patience())
	defer look.Stop()
	for had := int64(-1); ; {
		select {
		case <-synced:
			return n.closedErr() // a Close ends what is waited for, too
		case <-look.C:
			has := n.moved()
			if !n.connected() || has == had {
				return nil
			}
			had = has
			look.Reset(n.timeout)
		case <-ctx.Done():
			return ctx.Err()
		case <-n.done:
			return ErrClosed
		}
	}
}

func (n *Node) closedErr() error {
	select {
	case <-n.done:
		return ErrClosed
	default:
		return nil
	}
}

func (n *Node) connected() bool {
	return slices.ContainsFunc(n.engine.Peers(), func(p replica.PeerInfo) bool { return p.Connected })
}

// patience is how long the node still waits for its first peer.
func (n *Node) patience() time.Duration {
	if n.first {
		return 0
	}
	return n.timeout - time.Since(n.joined)
}

// moved rises while anything comes from peers by sync, or is about to.
func (n *Node) moved() int64 {
	c := n.engine.Counters()
	return int64(c.Pulls + c.Busy + c.Moved)
}
