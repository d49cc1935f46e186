package p2p

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRemembered: nodes without a bootstrap address that are all started again find each other, if one remembers.
func TestRemembered(t *testing.T) {
	dir := t.TempDir()
	known := filepath.Join(dir, "peers")
	c := Config{Listen: []string{freePort(t)}, Secret: secret, KeyFile: filepath.Join(dir, "a"), PeersFile: known}
	d := Config{Listen: []string{freePort(t)}, Secret: secret, KeyFile: filepath.Join(dir, "b")}
	a := start(t, c)
	if a.Seeks() {
		t.Error("it looks for somebody, and knows nobody")
	}
	first := d
	first.Bootstrap = a.Addrs()
	b := start(t, first)
	meet(t, a, b)
	until(t, "the peer is written", func() bool {
		text, _ := os.ReadFile(known)
		return strings.TrimSpace(string(text)) == b.Addrs()[0]
	})
	a.Close()
	b.Close()
	b = start(t, d)
	a = start(t, c)
	if !a.Seeks() {
		t.Error("it has forgotten")
	}
	meet(t, a, b)
}

// TestDamagedMemory: what is no address in the file, or is no file, is passed over.
func TestDamagedMemory(t *testing.T) {
	b := start(t, Config{Listen: overTCP, Secret: secret})
	known := filepath.Join(t.TempDir(), "peers")
	text := strings.Join([]string{"", "garbage", "/ip4/127.0.0.1/tcp/1", "/dnsaddr/example.com/p2p/" + b.id.String(), "\x00\xff", b.Addrs()[0]}, "\n")
	if err := os.WriteFile(known, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	meet(t, start(t, Config{Secret: secret, PeersFile: known}), b)

	a := start(t, Config{Secret: secret, PeersFile: t.TempDir()})
	if a.Seeks() || !a.log.has("no plain file") {
		t.Error("a directory is no complaint")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var text strings.Builder
	for range 2 * maxRemembered {
		text.WriteString("/ip4/127.0.0.1/tcp/1/p2p/" + nobody().String() + "\n")
	}
	known := filepath.Join(t.TempDir(), "peers")
	if err := os.WriteFile(known, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	h := quietNode(t, Config{PeersFile: known}, brisk())
	if n := h.memory.found; n != maxRemembered {
		t.Errorf("%d members are remembered, want %d", n, maxRemembered)
	}
}
