package p2p

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The hello: four messages on the first stream of a connection, each in a frame of at most maxHello bytes.
//
//	dialer                                     acceptor
//	greet     cluster, secret?, nonce      →
//	                                       ←   challenge  secret?, nonce
//	proof     HMAC, life, region, addrs    →
//	                                       ←   welcome    HMAC, life, region, addrs
//
// Whoever dials proves first: the acceptor, whom any stranger may call, gives nothing that a secret could be guessed from
// before it has seen a proof. A refuse may stand in the place of any message and ends the hello.
const (
	helloVersion = 1
	maxHello     = 4096
)

// Kinds of messages. A message is its version, its kind, then its fields; refuse keeps its form in every version.
const (
	kindGreet byte = iota + 1
	kindChallenge
	kindProof
	kindWelcome
	kindRefuse
)

// life tells one start of a process from the next of the same identity.
type life [16]byte

// greet opens a hello.
type greet struct {
	cluster string
	secret  bool // has one
	nonce   [nonceSize]byte
}

// challenge answers a greet.
type challenge struct {
	secret bool
	nonce  [nonceSize]byte
}

// proof is the body of a proof and of a welcome.
type proof struct {
	mac    [32]byte
	life   life
	region string
	addrs  []string
}

// A refusal is why a connection is not admitted. It is told to the other side, and both sides log it.
type refusal struct {
	code reason
	text string // as this node sees it
}

func (r refusal) Error() string { return r.text }

// reason is the code of a refusal.
type reason byte

const (
	refusedMalformed reason = iota + 1
	refusedVersion
	refusedCluster
	refusedSecret   // wrong, or missing on one side
	refusedNoSecret // none on either side, and not on loopback
	refusedBanned
	refusedLate
	refusedCrowd
)

var reasonNames = [...]string{"unknown", "malformed", "version", "cluster", "secret", "nosecret", "banned", "late", "crowd"}

// String is short: it is a metric's label.
func (r reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return reasonNames[0]
}

func (g greet) encode() []byte {
	b := appendText([]byte{helloVersion, kindGreet}, g.cluster)
	return append(appendFlag(b, g.secret), g.nonce[:]...)
}

func (c challenge) encode() []byte {
	return append(appendFlag([]byte{helloVersion, kindChallenge}, c.secret), c.nonce[:]...)
}

func (p proof) encode(kind byte) []byte {
	b := append([]byte{helloVersion, kind}, p.mac[:]...)
	b = append(b, p.life[:]...)
	return appendTexts(appendText(b, p.region), p.addrs)
}

// maxReason bounds the text of a refusal, in bytes.
const maxReason = 256

// otherSide turns a text round: who is this node to the one is the other node to the other.
var otherSide = strings.NewReplacer("this node", "the other node", "the other node", "this node")

// encode tells the refusal from the reader's side, who logs it as it comes.
func (r refusal) encode() []byte {
	text := otherSide.Replace(r.text)
	return appendText([]byte{helloVersion, kindRefuse, byte(r.code)}, text[:min(len(text), maxReason)])
}

// open checks version and kind of a message and returns a reader of its fields. Its error is a refusal: ours, to be told
// to the other side, or the other side's own.
func open(b []byte, kind byte) (*reader, error) {
	r := &reader{b: b}
	version, got := r.byte(), r.byte()
	if got == kindRefuse {
		return nil, readRefusal(r)
	}
	if version != helloVersion {
		return nil, refusal{refusedVersion, "VERSION: this node speaks version " + strconv.Itoa(helloVersion) + ", not " + strconv.Itoa(int(version))}
	}
	if got != kind {
		return nil, malformed(fmt.Errorf("message of kind %d where %d is due", got, kind))
	}
	return r, nil
}

// errRefusedByPeer marks a refusal that the other side told: it is not told back.
var errRefusedByPeer = errors.New("refused by the peer")

func readRefusal(r *reader) error {
	told := refusal{code: reason(r.byte())}
	told.text = r.text(maxReason)
	if err := r.end(); err != nil {
		return malformed(err)
	}
	return fmt.Errorf("%w: %w", errRefusedByPeer, told)
}

func malformed(err error) error {
	return refusal{refusedMalformed, "malformed hello: " + err.Error()}
}

func decodeGreet(b []byte) (g greet, err error) {
	r, err := open(b, kindGreet)
	if err != nil {
		return g, err
	}
	g.cluster, g.secret, g.nonce = r.text(maxName), r.flag(), r.array32()
	return g, checked(r)
}

func decodeChallenge(b []byte) (c challenge, err error) {
	r, err := open(b, kindChallenge)
	if err != nil {
		return c, err
	}
	c.secret, c.nonce = r.flag(), r.array32()
	return c, checked(r)
}

func decodeProof(b []byte, kind byte) (p proof, err error) {
	r, err := open(b, kind)
	if err != nil {
		return p, err
	}
	p.mac = r.array32()
	copy(p.life[:], r.take(len(p.life)))
	p.region, p.addrs = r.text(maxName), r.texts(maxAddrs, maxAddrLen)
	return p, checked(r)
}

func checked(r *reader) error {
	if err := r.end(); err != nil {
		return malformed(err)
	}
	return nil
}

// tell writes one message.
func tell(w io.Writer, b []byte) error {
	_, err := w.Write(appendFrame(nil, b))
	return err
}
