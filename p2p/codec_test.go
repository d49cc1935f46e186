package p2p

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestMessagesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(0, 30, maxName)
		addrs := rapid.SliceOfN(rapid.StringN(0, 60, maxAddrLen), 0, maxAddrs)
		g := greet{cluster: name.Draw(t, "cluster"), secret: rapid.Bool().Draw(t, "secret"), nonce: nonce(t)}
		c := challenge{secret: rapid.Bool().Draw(t, "secret"), nonce: nonce(t)}
		p := proof{mac: nonce(t), region: name.Draw(t, "region"), addrs: some(addrs.Draw(t, "addrs"))}
		if got, err := decodeGreet(g.encode()); err != nil || got != g {
			t.Fatalf("greet: %+v, %v", got, err)
		}
		if got, err := decodeChallenge(c.encode()); err != nil || got != c {
			t.Fatalf("challenge: %+v, %v", got, err)
		}
		if got, err := decodeProof(p.encode(kindWelcome), kindWelcome); err != nil || !reflect.DeepEqual(got, p) {
			t.Fatalf("proof: %+v, %v", got, err)
		}
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry {
			return entry{name.Draw(t, "id"), name.Draw(t, "region"), rapid.Uint64Max(1<<40).Draw(t, "age"), some(addrs.Draw(t, "addrs"))}
		}), 0, 20).Draw(t, "entries")
		if got, err := decodeEntries(encodeEntries(list)); err != nil || !reflect.DeepEqual(some(got), some(list)) {
			t.Fatalf("entries: %+v, %v", got, err)
		}
	})
}

func nonce(t *rapid.T) (n [32]byte) {
	copy(n[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "nonce"))
	return n
}

// some makes an empty list nil, as decoders return it.
func some[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// TestLongestMessages: whatever a configuration may hold fits where it has to.
func TestLongestMessages(t *testing.T) {
	long := strings.Repeat("x", maxName)
	var addrs []string
	for range maxAddrs {
		addrs = append(addrs, strings.Repeat("y", maxAddrLen))
	}
	for _, b := range [][]byte{greet{cluster: long}.encode(), proof{region: long, addrs: addrs}.encode(kindProof), refusal{1, strings.Repeat("z", 999)}.encode()} {
		if len(b) > maxHello {
			t.Errorf("a hello of %d bytes", len(b))
		}
	}
	var list []entry
	for range 2 * maxTold {
		list = append(list, entry{strings.Repeat("i", maxIDLen), long, 1 << 40, addrs})
	}
	b := encodeEntries(list)
	got, err := decodeEntries(b)
	if len(b) > maxExchange || err != nil || len(got) == 0 {
		t.Errorf("%d bytes, %d entries, %v", len(b), len(got), err)
	}
}

func TestBadMessages(t *testing.T) {
	whole := proof{region: "eu", addrs: []string{"a", "b"}}.encode(kindProof)
	for i := range whole {
		if _, err := decodeProof(whole[:i], kindProof); err == nil {
			t.Errorf("cut at %d: no error", i)
		}
	}
	for name, b := range map[string][]byte{
		"trailer":       append(bytes.Clone(whole), 0),
		"not UTF-8":     proof{region: "\xff"}.encode(kindProof),
		"long region":   proof{region: strings.Repeat("x", maxName+1)}.encode(kindProof),
		"many addrs":    proof{addrs: make([]string, maxAddrs+1)}.encode(kindProof),
		"long length":   append(bytes.Clone(whole[:2+32+16]), 0x80, 0x00, 0),
		"other kind":    proof{}.encode(kindWelcome),
		"other version": append([]byte{2}, whole[1:]...),
		"no flag":       append([]byte{helloVersion, kindProof, 2}, make([]byte, 32)...),
	} {
		if _, err := decodeProof(b, kindProof); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := decodeEntries(append(encodeEntries(nil), 0)); err == nil {
		t.Error("entries with a trailer: no error")
	}
}

func TestFrames(t *testing.T) {
	for _, n := range []int{1, 127, 128, firstPiece, firstPiece + 1, 300_000} {
		want := bytes.Repeat([]byte{7}, n)
		in := bufio.NewReader(iotest.OneByteReader(bytes.NewReader(appendFrame(nil, want))))
		got, err := readFrame(in, n)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
		if _, err := readFrame(in, n); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
		if _, err := readFrame(bytes.NewReader(appendFrame(nil, want)), n-1); !errors.Is(err, errMalformed) {
			t.Errorf("over the limit: %v", err)
		}
		if _, err := readFrame(bytes.NewReader(appendFrame(nil, want)[:n]), n); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut: %v", err)
		}
	}
}

// TestFrameAllocation: the length alone allocates 64 KiB at most.
func TestFrameAllocation(t *testing.T) {
	in := []byte{0xff, 0xff, 0xff, 0x03, 1, 2, 3}
	const rounds = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		readFrame(bytes.NewReader(in), 8<<20)
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / rounds; n > firstPiece+8192 {
		t.Errorf("%d bytes for a frame of 3", n)
	}
}

func FuzzHello(f *testing.F) {
	f.Add(greet{cluster: "geolru", secret: true}.encode())
	f.Add(challenge{secret: true}.encode())
	f.Add(proof{region: "eu", addrs: []string{"/ip4/1.2.3.4/tcp/5"}}.encode(kindProof))
	f.Add(refusal{refusedBanned, "banned"}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := decodeGreet(b); err == nil && !bytes.Equal(g.encode(), b) {
			t.Errorf("greet %x", b)
		}
		if c, err := decodeChallenge(b); err == nil && !bytes.Equal(c.encode(), b) {
			t.Errorf("challenge %x", b)
		}
		if p, err := decodeProof(b, kindProof); err == nil && !bytes.Equal(p.encode(kindProof), b) {
			t.Errorf("proof %x", b)
		}
	})
}

func FuzzEntries(f *testing.F) {
	f.Add(encodeEntries([]entry{{"12D3KooW", "eu", 7, []string{"/ip4/1.2.3.4/tcp/5"}}, {id: "x"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list, err := decodeEntries(b); err == nil && !bytes.Equal(encodeEntries(list), b) {
			t.Errorf("entries %x", b)
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add(appendFrame(nil, []byte("frame")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := readFrame(bytes.NewReader(b), 1<<20); err == nil && !bytes.HasSuffix(b[:min(len(b), len(got)+10)], got) && !bytes.Contains(b, got) {
			t.Errorf("frame %x", b)
		}
	})
}
