package p2p

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/crypto/argon2"
)

// protocolName stands in every proof, key and protocol, so that nothing made for another version serves here.
const protocolName = "geolru/1"

// Costs of a guess at a secret: RFC 9106's second choice (64 MiB), with one pass, since a secret of 16 characters and more
// is no password. About 60 ms, once per start.
const (
	argonPasses = 1
	argonMemory = 64 << 10 // KiB
	argonLanes  = 1
)

// derived keeps the keys made in this process, by the hash of what they were made of.
var derived sync.Map // [32]byte to []byte

// deriveKeys returns one key per secret, in their order. Without a secret there is one key that everybody of the cluster
// has: it proves nothing, which is why only loopback peers are admitted then.
func deriveKeys(cluster string, secrets []string) [][]byte {
	salt := digest("salt", cluster)
	if len(secrets) == 0 {
		open := digest("open", cluster)
		return [][]byte{open[:]}
	}
	var keys [][]byte
	for _, s := range secrets {
		name := digest("cache", cluster, s)
		key, ok := derived.Load(name)
		if !ok {
			key, _ = derived.LoadOrStore(name, argon2.IDKey([]byte(s), salt[:], argonPasses, argonMemory, argonLanes, sha256.Size))
		}
		keys = append(keys, key.([]byte))
	}
	return keys
}

// digest hashes the parts, each behind its length so that no two lists of parts collide.
func digest(parts ...string) [sha256.Size]byte {
	return sha256.Sum256(joined(parts))
}

func joined(parts []string) []byte {
	b := appendText(nil, protocolName)
	for _, p := range parts {
		b = appendText(b, p)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// The two sides of a hello. The role is part of a proof, so that nobody can answer with what he was sent.
const (
	roleDialer   = "dialer"
	roleAcceptor = "acceptor"
)

// meeting is what both sides of a hello know: a proof binds all of it. The peer IDs are those that the channel has proved,
// so a proof is worthless on any other connection (no relay); both nonces are fresh, so it is worthless later (no replay).
type meeting struct {
	cluster           string
	dialer, acceptor  peer.ID
	dialed, accepting [nonceSize]byte
}

const nonceSize = 32

func (m meeting) proof(key []byte, role string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(joined([]string{m.cluster, role, string(m.dialer), string(m.acceptor), string(m.dialed[:]), string(m.accepting[:])}))
	return [sha256.Size]byte(mac.Sum(nil))
}

// match returns the key that got proves, nil for none. Every key is tried whichever matches: the time says nothing.
func (m meeting) match(keys [][]byte, role string, got [sha256.Size]byte) []byte {
	var found []byte
	for _, key := range keys {
		want := m.proof(key, role)
		if hmac.Equal(want[:], got[:]) {
			found = key
		}
	}
	return found
}
