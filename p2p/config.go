package p2p

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	ma "github.com/multiformats/go-multiaddr"
)

// Config says how to join the mesh. Its zero value is a client without a secret that knows nobody: it works, alone.
type Config struct {
	Cluster   string        // meshes of other names never mix; "" = "geolru"; at most 128 bytes
	Listen    []string      // exact multiaddrs, TCP or QUIC on ip4 or ip6; empty: a client only, it dials and is not dialled
	Announce  []string      // multiaddrs told to peers instead of those listened on; without Listen they are not told
	Bootstrap []string      // multiaddrs of known peers, with or without /p2p/ID; retried for ever
	MDNS      bool          // also find, and be found by, nodes of the cluster on the LAN; needs an interface with multicast
	Region    string        // label told to peers; at most 128 bytes
	Secret    string        // "" = loopback peers only; "old,new", then "new,old", while rotating; each at least 16 characters
	KeyFile   string        // the ed25519 identity, mode 0600, made when missing; "" = a fresh one in memory
	PeersFile string        // where members were found, kept to be looked for there by the next host; "" = they are not
	Timeout   time.Duration // dialling one peer; 0 = 3.6 s
	Log       *slog.Logger  // nil = silent

	// ListenUDP opens the socket of QUIC; nil = the machine's, by net.ListenUDP. Another network has it instead, such as one
	// in memory: Listen names 0.0.0.0 then, and Announce where the node is in that network. Close closes what it returned.
	ListenUDP func(network string, addr *net.UDPAddr) (net.PacketConn, error)
}

// Limits of what a configuration may hold. A hello must fit into maxHello whatever they are set to.
const (
	maxName    = 128 // bytes of a cluster's name or a region's
	minSecret  = 16  // characters
	maxSecrets = 4   // a rotation needs two
)

// defaultTimeout is enough for a TCP and TLS handshake over the longest way round the earth with one lost packet.
const defaultTimeout = 3600 * time.Millisecond

// settings is a Config that has been checked. It is not changed after New.
type settings struct {
	cluster   string
	region    string
	listen    []ma.Multiaddr
	announce  []ma.Multiaddr
	bootstrap []ma.Multiaddr
	mdns      bool
	secrets   []string
	timeout   time.Duration
	udp       func(string, *net.UDPAddr) (net.PacketConn, error) // nil = the machine's
	times     timings
}

// timings are the waits that tests shorten.
type timings struct {
	hello    time.Duration // from the connection to its admission
	frame    time.Duration // from the first byte of a frame to its last
	write    time.Duration // one write to a peer that does not read
	drain    time.Duration // what Close may take to send what waits
	exchange time.Duration // between two tellings of all that is known
	forget   time.Duration // a member not heard of for so long is forgotten
	ban      time.Duration // the first ban
	banMax   time.Duration // bans double up to this
	retry    time.Duration // the first wait before dialling again; a connection that ended sooner was as good as none
	retryMax time.Duration // waits grow up to this
	mend     time.Duration // between two looks for members without a gossip stream, and for connections not wanted
	linger   time.Duration // a connection not wanted is closed when so old: long enough to measure the way
}

// usual are the timings of docs/security.md and docs/design.md.
var usual = timings{
	hello: 5 * time.Second, frame: 10 * time.Second, write: 30 * time.Second, drain: 2 * time.Second,
	exchange: 30 * time.Second, forget: 24 * time.Hour,
	ban: 10 * time.Minute, banMax: 24 * time.Hour,
	retry: time.Second, retryMax: time.Minute, mend: 2 * time.Second, linger: 10 * time.Second,
}

// parse checks c and names what is wrong with it.
func (c Config) parse(t timings) (settings, error) {
	s := settings{cluster: c.Cluster, region: c.Region, mdns: c.MDNS, timeout: c.Timeout, udp: c.ListenUDP, times: t}
	if s.cluster == "" {
		s.cluster = "geolru"
	}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	if s.timeout < 0 {
		return s, fmt.Errorf("p2p: read config: Timeout %v is negative", c.Timeout)
	}
	if err := errors.Join(checkName("Cluster", s.cluster), checkName("Region", s.region)); err != nil {
		return s, err
	}
	var err error
	if s.secrets, err = splitSecret(c.Secret); err != nil {
		return s, err
	}
	if s.listen, err = parseAddrs("Listen", c.Listen, listenable); err != nil {
		return s, err
	}
	if s.announce, err = parseAddrs("Announce", c.Announce, dialable); err != nil {
		return s, err
	}
	s.bootstrap, err = parseAddrs("Bootstrap", c.Bootstrap, bootable)
	return s, err
}

func checkName(field, s string) error {
	if len(s) > maxName {
		return fmt.Errorf("p2p: read config: %s is %d bytes long, at most %d are allowed", field, len(s), maxName)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("p2p: read config: %s %q is not valid UTF-8", field, s)
	}
	return nil
}

// splitSecret returns the secrets in their order, none for "". Its errors never show a secret.
func splitSecret(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	parts := strings.Split(s, ",")
	if len(parts) > maxSecrets {
		return nil, fmt.Errorf("p2p: read config: Secret holds %d secrets, at most %d are allowed", len(parts), maxSecrets)
	}
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
		if n := utf8.RuneCountInString(parts[i]); n < minSecret {
			return nil, fmt.Errorf("p2p: read config: Secret %d of %d has %d characters, at least %d are needed", i+1, len(parts), n, minSecret)
		}
	}
	return parts, nil
}

func parseAddrs(field string, in []string, check func(ma.Multiaddr) error) ([]ma.Multiaddr, error) {
	var out []ma.Multiaddr
	for _, s := range in {
		a, err := ma.NewMultiaddr(s)
		if err == nil && len(s) > maxAddrLen-maxIDLen/2 {
			err = errors.New("too long")
		}
		if err == nil {
			err = check(a)
		}
		if err != nil {
			return nil, fmt.Errorf("p2p: read config: %s address %q: %w", field, s, err)
		}
		out = append(out, a)
	}
	return out, nil
}
