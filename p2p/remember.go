package p2p

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// What a host remembers from life to life: where members are, so that one without a bootstrap address finds the others when it
// is started again, and need not wait until they dial it. The file is what Bootstrap could name, a multiaddr with its
// /p2p/ID a line. It is a hint and no more: whoever answers has to prove that he knows the secret, who does not is forgotten
// a day later, and a file that is gone or damaged costs nothing but that.
const (
	maxRemembered = 64       // members: in a mesh of so many everybody is connected to everybody, and one knows the rest
	maxPeersFile  = 64 << 10 // bytes that are read of the file, whatever is in it; 64 members take half with their usual 8 addresses
)

// memory is the file, and what is in it. Used by one goroutine at a time; a path of "" keeps nothing.
type memory struct {
	path  string
	text  []byte // as written or read last
	found int    // members that it named when the host was made
}

// recall takes in the members of the file.
func (h *Host) recall() {
	m := &h.memory
	if m.path == "" {
		return
	}
	text, err := readSome(m.path, maxPeersFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.journal.Warn("peers file", "cannot read where peers were", "error", err.Error())
	}
	m.text = text
	for _, e := range entriesOf(text) {
		h.hear(e, true) // loopback addresses were told on this machine
	}
	h.roster.mu.RLock()
	defer h.roster.mu.RUnlock()
	m.found = len(h.roster.members)
}

func readSome(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no plain file", path) // opening a FIFO would wait for its other end
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// entriesOf reads lines of multiaddrs; those that are none are left out. Addresses of one member follow each other.
func entriesOf(text []byte) (list []entry) {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		a, err := ma.NewMultiaddr(line)
		if err != nil {
			continue
		}
		_, id := peer.SplitAddr(a)
		if n := len(list); n > 0 && list[n-1].id == id.String() {
			list[n-1].addrs = append(list[n-1].addrs, line)
		} else if n < maxRemembered {
			list = append(list, entry{id: id.String(), addrs: []string{line}})
		}
	}
	return list
}

// remember writes where the members are that this host has admitted, those connected first, unless the file says so. Until
// somebody was it stays as it is.
func (h *Host) remember() {
	m := &h.memory
	if m.path == "" {
		return
	}
	list := h.roster.known()
	if len(list) == 0 {
		return
	}
	var text []byte
	for _, e := range list[:min(len(list), maxRemembered)] {
		for _, a := range e.addrs {
			text = append(append(text, a...), '\n')
		}
	}
	if bytes.Equal(text, m.text) {
		return
	}
	if err := writeWhole(m.path, text, os.Rename); err != nil {
		h.journal.Warn("peers file", "cannot write where peers are", "error", err.Error())
		return
	}
	m.text = text
}

// Seeks tells whether the host has anybody to look for from the start.
func (h *Host) Seeks() bool { return len(h.cfg.bootstrap) > 0 || h.cfg.mdns || h.memory.found > 0 }
