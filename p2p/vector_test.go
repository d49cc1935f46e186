package p2p

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/geolru/geolru/internal/vectors"
)

// fill is an array of one byte over and over.
func fill[A ~[16]byte | ~[32]byte](b byte) (a A) {
	for i := range len(a) {
		a[i] = b
	}
	return a
}

// TestVectors holds the hello and the exchange to what docs/wire.md says of them.
func TestVectors(t *testing.T) {
	want, err := vectors.Read("../docs/wire.md", "p2p")
	if err != nil {
		t.Fatal(err)
	}
	key := deriveKeys("mesh", []string{"correct horse battery"})[0]
	m := meeting{"mesh", "dialer-id", "acceptor-id", fill[[nonceSize]byte](1), fill[[nonceSize]byte](2)}
	mac := m.proof(key, roleDialer)
	own := proof{fill[[32]byte](4), fill[life](3), "eu", []string{"/ip4/10.0.0.1/tcp/4001"}}
	told := []entry{{"12D3KooWA", "eu", 0, own.addrs}, {"12D3KooWB", "", 300, nil}}
	for name, got := range map[string][]byte{
		"greet": greet{"mesh", true, m.dialed}.encode(), "challenge": challenge{true, m.accepting}.encode(),
		"proof": own.encode(kindProof), "welcome": own.encode(kindWelcome),
		"refuse": refusal{refusedCluster, "CLUSTER: other"}.encode(),
		"key":    key, "mac": mac[:], "peers": encodeEntries(told),
	} {
		if !bytes.Equal(got, want[name]) {
			t.Errorf("%s is\n%x, not\n%x", name, got, want[name])
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("a vector of %s, which nothing makes", name)
	}
	if got, err := decodeEntries(encodeEntries(told)); err != nil || !reflect.DeepEqual(got, told) {
		t.Errorf("%+v, %v", got, err)
	}
}
