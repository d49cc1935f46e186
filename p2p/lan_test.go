package p2p

import (
	"os"
	"os/exec"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// TestLANFindsPeers runs in a network of its own, with no interface but loopback: multicast goes to no other machine.
func TestLANFindsPeers(t *testing.T) {
	const inside = "GEOLRU_TEST_LAN"
	if os.Getenv(inside) == "" {
		apart(t, inside)
		return
	}
	listen := []string{"/ip4/10.77.0.1/tcp/0"}
	a := start(t, Config{Listen: listen, Secret: secret, MDNS: true})
	stranger := start(t, Config{Listen: listen, Secret: secret, Cluster: "other", MDNS: true})
	b := start(t, Config{Listen: listen, Secret: secret, MDNS: true})
	meet(t, a, b)
	if len(stranger.events()) > 0 {
		t.Error("a node of another cluster was met")
	}
}

// apart runs the test that calls it in a network namespace, where that is allowed.
func apart(t *testing.T, inside string) {
	if err := exec.Command("unshare", "-n", "ip", "link", "set", "lo", "up").Run(); err != nil {
		t.Skip("no network namespace can be made here: ", err)
	}
	cmd := exec.Command("unshare", "-n", "sh", "-c", `ip link set lo up && ip link set lo multicast on &&
		ip addr add 10.77.0.1/24 dev lo && ip route add 224.0.0.0/4 dev lo && exec "$0" -test.run "^$1\$"`, os.Args[0], t.Name())
	cmd.Env = append(os.Environ(), inside+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestLANBelievesLittle(t *testing.T) {
	a := quietNode(t, Config{Secret: secret}, usual) // it does not serve yet, so it dials nobody
	l := &lan{h: a.Host}
	addr := ma.StringCast("/ip4/192.0.2.1/tcp/9")
	for range maxFound + 10 {
		l.HandlePeerFound(peer.AddrInfo{ID: nobody(), Addrs: []ma.Multiaddr{addr}})
	}
	if n := len(a.roster.members); n != maxFound {
		t.Errorf("%d strangers are known, want %d", n, maxFound)
	}
	if l.HandlePeerFound(peer.AddrInfo{ID: a.id, Addrs: []ma.Multiaddr{addr}}); a.roster.members[a.id] != nil {
		t.Error("it found itself")
	}
}
