package p2p

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// TestBadConfig: each error names what is wrong, and never a secret.
func TestBadConfig(t *testing.T) {
	busy := start(t, Config{Listen: overTCP})
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Bootstrap: []string{"/ip4/127.0.0.1/tcp/1", "garbage"}}, `"garbage"`},
		{Config{Bootstrap: []string{"/ip4/127.0.0.1"}}, `Bootstrap address "/ip4/127.0.0.1"`},
		{Config{Bootstrap: []string{"/ip4/1.2.3.4/tcp/1/p2p/nobody"}}, "nobody"},
		{Config{Bootstrap: []string{""}}, `Bootstrap address ""`},
		{Config{Listen: []string{"/dns4/localhost/tcp/0"}}, "listen on /ip4 and /ip6 only"},
		{Config{Listen: []string{"/ip4/127.0.0.1/udp/0"}}, "quic-v1"},
		{Config{Listen: []string{"/ip4/127.0.0.1/tcp/0/ws"}}, "Listen"},
		{Config{Listen: []string{bare(busy)}}, "listen on " + bare(busy)},
		{Config{Announce: []string{"/unix/tmp"}}, "Announce"},
		{Config{Secret: "too short"}, "Secret 1 of 1 has 9 characters, at least 16"},
		{Config{Secret: secret + ","}, "Secret 2 of 2 has 0 characters"},
		{Config{Secret: strings.Repeat(secret+",", 9)}, "at most 4"},
		{Config{Cluster: strings.Repeat("x", 129)}, "Cluster is 129 bytes"},
		{Config{Region: "\xff"}, "Region"},
		{Config{Timeout: -1}, "Timeout"},
	} {
		h, err := New(c.config)
		if err == nil {
			h.Close()
			t.Errorf("%+v: no error", c.config)
			continue
		}
		if !strings.HasPrefix(err.Error(), "p2p: ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%v, want it to say %s", err, c.want)
		}
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	first, err := identity(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	again, err := identity(path)
	if err != nil || !first.Equals(again) {
		t.Errorf("another key the second time, %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestBadKeyFile(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	good, _ := identity(at("good"))
	whole, _ := crypto.MarshalPrivateKey(good)
	other, _, _ := crypto.GenerateKeyPair(crypto.Secp256k1, 256)
	wrong, _ := crypto.MarshalPrivateKey(other)
	syscall.Mkfifo(at("FIFO"), 0o600)
	os.Symlink(at("good"), at("symlink"))
	os.Mkdir(at("directory"), 0o700)
	for name, b := range map[string][]byte{"empty": nil, "cut": whole[:20], "garbage": []byte("garbage"), "Secp256k1": wrong, "longer": make([]byte, 5000)} {
		os.WriteFile(at(name), b, 0o600)
	}
	os.WriteFile(at("0644"), whole, 0o644)
	os.Chmod(at("0644"), 0o644)
	for name, want := range map[string]string{
		"FIFO": "it is a FIFO", "symlink": "it is a symlink", "directory": "it is a directory", "empty": "no ed25519 key", "cut": "no ed25519 key",
		"garbage": "no ed25519 key", "Secp256k1": "type Secp256k1", "longer": "longer than", "0644": "0644", "no/such": "no such",
	} {
		_, err := New(Config{KeyFile: at(name)})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), at(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddrs(t *testing.T) {
	h := start(t, Config{Listen: []string{"/ip4/0.0.0.0/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}})
	addrs := h.Addrs()
	if len(addrs) < 2 || len(addrs) > maxAddrs {
		t.Errorf("addresses: %v", addrs)
	}
	for _, a := range addrs {
		if strings.Contains(a, "0.0.0.0") || strings.Contains(a, "/tcp/0") || !strings.HasSuffix(a, "/p2p/"+string(h.Self())) {
			t.Errorf("address %s", a)
		}
	}
	a := start(t, Config{Listen: overTCP, Announce: []string{"/dns4/eu.example.com/tcp/4380"}})
	if got, want := fmt.Sprint(a.Addrs()), "[/dns4/eu.example.com/tcp/4380/p2p/"+string(a.Self())+"]"; got != want {
		t.Errorf("announces %s, want %s", got, want)
	}
	if got := start(t, Config{Announce: []string{"/dns4/eu.example.com/tcp/4380"}}).Addrs(); got != nil {
		t.Errorf("a client announces %v", got)
	}
}

func TestToldAddresses(t *testing.T) {
	id, other := nobody(), nobody()
	loop, far := "/ip4/127.0.0.1/tcp/1/p2p/"+id.String(), "/ip4/203.0.113.7/udp/1/quic-v1/p2p/"+id.String()
	list := []string{loop, far, "/ip4/203.0.113.7/tcp/1", "/ip4/203.0.113.7/tcp/1/p2p/" + other.String(), "garbage", "/ip4/1.2.3.4/tcp/1/ws/p2p/" + id.String()}
	if got := texts(told(list, id, true), id); fmt.Sprint(got) != fmt.Sprint([]string{loop, far}) {
		t.Errorf("told nearby: %v", got)
	}
	if got := texts(told(list, id, false), id); fmt.Sprint(got) != fmt.Sprint([]string{far}) {
		t.Errorf("told from afar: %v", got)
	}
	var many []ma.Multiaddr
	for i := range 20 {
		many = append(many, ma.StringCast(fmt.Sprintf("/ip4/10.0.0.%d/tcp/1", i)))
	}
	many = append(many, ma.StringCast("/ip6/fe80::1/tcp/1"), ma.StringCast("/ip4/8.8.8.8/tcp/1"))
	if got := best(many); len(got) != maxAddrs || got[0].String() != "/ip4/8.8.8.8/tcp/1" {
		t.Errorf("best: %v", got)
	}
}

func TestKeysDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, c := range []string{"one", "two"} {
		for _, s := range [][]string{nil, {older}, {newer}} {
			k := string(deriveKeys(c, s)[0])
			if was, ok := seen[k]; ok {
				t.Errorf("%s %v has the key of %s", c, s, was)
			}
			seen[k] = fmt.Sprint(c, s)
		}
	}
	if deriveKeys("one", []string{newer, older})[1] == nil || string(deriveKeys("one", []string{older})[0]) != string(deriveKeys("one", []string{newer, older})[1]) {
		t.Error("a key depends on its place")
	}
}

func TestExchangeHearsay(t *testing.T) {
	h := start(t, Config{})
	id := nobody()
	addr := func(n int) []string { return []string{fmt.Sprintf("/ip4/127.0.0.1/tcp/%d/p2p/%s", n, id)} }
	port := func() string {
		h.roster.mu.RLock()
		defer h.roster.mu.RUnlock()
		if m := h.roster.members[id]; m != nil {
			return m.addrs[0].String()
		}
		return "unknown"
	}
	for _, c := range []struct {
		e    entry
		want string
	}{
		{entry{id: id.String(), age: uint64(24 * 3600), addrs: addr(1)}, "unknown"}, // too old
		{entry{id: id.String(), age: 60}, "unknown"},                                // a client
		{entry{id: "garbage", age: 60, addrs: addr(1)}, "unknown"},
		{entry{id: h.id.String(), age: 60, addrs: addr(1)}, "unknown"},
		{entry{id: id.String(), age: 60, addrs: addr(2)}, "/ip4/127.0.0.1/tcp/2"},
		{entry{id: id.String(), age: 90, addrs: addr(3)}, "/ip4/127.0.0.1/tcp/2"}, // an older word
		{entry{id: id.String(), age: 30, addrs: addr(4)}, "/ip4/127.0.0.1/tcp/4"},
	} {
		h.hear(c.e, true)
		if got := port(); got != c.want {
			t.Errorf("after %+v: %s, want %s", c.e, got, c.want)
		}
	}
	if len(h.Peers()) > 0 || len(h.roster.known()) > 0 {
		t.Error("hearsay is told as knowledge")
	}
	if h.learn(peer.ID("teller"), []byte{9}) {
		t.Error("garbage is well formed")
	}
}
