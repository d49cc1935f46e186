package p2p

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	manet "github.com/multiformats/go-multiaddr/net"
)

const helloProtocol = protocol.ID("/" + protocolName + "/hello")

// greetPeer is the dialer's side of the hello. It runs on its own goroutine, one per connection dialled.
func (h *Host) greetPeer(a *admission) {
	s, err := openStream(h.ctx, a.conn, helloProtocol)
	if err != nil {
		if h.gate.take(a) {
			h.refuse(a, fmt.Errorf("open hello: %w", err))
		}
		a.conn.Close()
		return
	}
	s.SetDeadline(a.until)
	who, err := h.prove(a, s)
	h.conclude(a, s, who, err)
}

// answer is the acceptor's side. Of several hellos on a connection only the first counts.
func (h *Host) answer(s network.Stream) {
	a := h.gate.claim(s.Conn())
	if a == nil {
		s.Reset()
		return
	}
	s.SetDeadline(a.until)
	who, err := h.check(a, s)
	h.conclude(a, s, who, err)
}

// prove runs the dialer's half: greet, then proof, then check the welcome.
func (h *Host) prove(a *admission, s network.Stream) (proof, error) {
	m := meeting{cluster: h.cfg.cluster, dialer: h.id, acceptor: a.peer}
	rand.Read(m.dialed[:])
	if err := h.acceptable(a, h.hasSecret()); err != nil {
		return proof{}, err
	}
	if err := tell(s, greet{h.cfg.cluster, h.hasSecret(), m.dialed}.encode()); err != nil {
		return proof{}, err
	}
	b, err := hear(s)
	if err != nil {
		return proof{}, err
	}
	c, err := decodeChallenge(b)
	if err != nil {
		return proof{}, err
	}
	if err := h.acceptable(a, c.secret); err != nil {
		return proof{}, err
	}
	m.accepting = c.nonce
	if err := tell(s, h.credentials(m.proof(h.keys[0], roleDialer)).encode(kindProof)); err != nil {
		return proof{}, err
	}
	return h.verify(m, s, kindWelcome, roleAcceptor, nil)
}

// check runs the acceptor's half. The welcome is proved with the key that the dialer used: he has it, whatever the order of
// his secrets, and one who knows but an old secret learns nothing made with the new one.
func (h *Host) check(a *admission, s network.Stream) (proof, error) {
	b, err := hear(s)
	if err != nil {
		return proof{}, err
	}
	g, err := decodeGreet(b)
	if err != nil {
		return proof{}, err
	}
	if g.cluster != h.cfg.cluster {
		return proof{}, refusal{refusedCluster, "another cluster"}
	}
	if err := h.acceptable(a, g.secret); err != nil {
		return proof{}, err
	}
	if err := h.awaitServe(a); err != nil {
		return proof{}, err
	}
	m := meeting{cluster: h.cfg.cluster, dialer: a.peer, acceptor: h.id, dialed: g.nonce}
	rand.Read(m.accepting[:])
	if err := tell(s, challenge{h.hasSecret(), m.accepting}.encode()); err != nil {
		return proof{}, err
	}
	return h.verify(m, s, kindProof, roleDialer, func(key []byte) error {
		return tell(s, h.credentials(m.proof(key, roleAcceptor)).encode(kindWelcome))
	})
}

// verify reads the other side's proof and, when it holds, answers it with the key it was made with.
func (h *Host) verify(m meeting, s network.Stream, kind byte, role string, answer func(key []byte) error) (proof, error) {
	b, err := hear(s)
	if err != nil {
		return proof{}, err
	}
	p, err := decodeProof(b, kind)
	if err != nil {
		return proof{}, err
	}
	key := m.match(h.keys, role, p.mac)
	if key == nil {
		return proof{}, refusal{refusedSecret, "wrong secret"}
	}
	if answer == nil {
		return p, nil
	}
	return p, answer(key)
}

// acceptable says whether the peer may be admitted at all, before anything is proved.
func (h *Host) acceptable(a *admission, secret bool) error {
	near := manet.IsIPLoopback(a.conn.RemoteMultiaddr())
	switch {
	case h.conduct.banned(a.peer):
		return refusal{refusedBanned, "banned after malformed frames"}
	case secret && !h.hasSecret():
		return refusal{refusedSecret, "a secret on one side only: this node has none"}
	case !secret && h.hasSecret():
		return refusal{refusedSecret, "a secret on one side only: the other node has none"}
	case !secret && !near:
		return refusal{refusedNoSecret, "without a secret only loopback peers are admitted: set the same Secret on every node"}
	}
	return nil
}

func (h *Host) hasSecret() bool { return len(h.cfg.secrets) > 0 }

// awaitServe holds a hello until the host has somebody to hand frames to.
func (h *Host) awaitServe(a *admission) error {
	select {
	case <-h.serving:
		return nil
	case <-a.done:
		return a.err
	case <-h.ctx.Done():
		return h.ctx.Err()
	}
}

func (h *Host) credentials(mac [32]byte) proof {
	return proof{mac: mac, life: h.life, region: h.cfg.region, addrs: h.Addrs()}
}

func hear(s network.Stream) ([]byte, error) {
	b, err := readFrame(byteReader{s}, maxHello)
	if err != nil {
		return nil, fmt.Errorf("read hello: %w", err)
	}
	return b, nil
}

// conclude ends a hello: admission, or the refusal told, logged and the connection closed.
func (h *Host) conclude(a *admission, s network.Stream, who proof, err error) {
	if !h.gate.take(a) {
		s.Reset()
		return
	}
	if err == nil {
		h.admit(a, who)
		s.Close()
		return
	}
	ours := refusal{}
	if errors.Is(err, errMalformed) && !errors.As(err, &ours) {
		err = malformed(err)
	}
	h.refuse(a, err)
	if errors.As(err, &ours) && !errors.Is(err, errRefusedByPeer) {
		sayNo(s, ours)
	}
	a.conn.Close()
}

// parting is how long a refused peer has to read why; closing the connection at once would overtake the words.
const parting = time.Second

func sayNo(s network.Stream, r refusal) {
	s.SetDeadline(time.Now().Add(parting))
	if tell(s, r.encode()) == nil && s.CloseWrite() == nil {
		io.Copy(io.Discard, io.LimitReader(s, maxHello))
	}
}
