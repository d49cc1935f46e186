package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/geolru/geolru/crdt"
)

// ErrOld: the snapshot is older than the retention of its cache, so nothing in it can be alive and nothing needs to be
// known any more.
var ErrOld = errors.New("older than its cache remembers")

// Title says what a snapshot is of. Read compares all but Created, which may be left out there.
type Title struct {
	Cluster string // at most 65,535 bytes, as Cache
	Cache   string
	TTL     int64 // the lifetime bound L, milliseconds
	Created int64 // when what it tells was seen, Unix milliseconds
}

func (t Title) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(t.Created))
	b = binary.BigEndian.AppendUint64(b, uint64(t.TTL))
	return appendName(appendName(b, t.Cluster), t.Cache)
}

func appendName(b []byte, name string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(name))), name...)
}

func decodeTitle(b []byte) (t Title, ok bool) {
	if len(b) < 16 {
		return t, false
	}
	t.Created, t.TTL = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
	if t.Cluster, b, ok = cutName(b[16:]); !ok {
		return t, false
	}
	t.Cache, b, ok = cutName(b)
	return t, ok && len(b) == 0
}

func cutName(b []byte) (name string, rest []byte, ok bool) {
	if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
		return "", nil, false
	}
	end := 2 + int(binary.BigEndian.Uint16(b))
	return string(b[2:end]), b[end:], true
}

// check tells why a file of this title must not be restored where want is, now.
func (t Title) check(want Title, now int64) error {
	if err := t.belongs(want); err != nil {
		return err
	}
	switch {
	case t.Created < 0 || t.Created-crdt.MaxSkew.Milliseconds() > now:
		return fmt.Errorf("it is from the future: %v", time.UnixMilli(t.Created).UTC())
	case now-t.Created >= crdt.Retention(millis(t.TTL)):
		return ErrOld
	}
	return nil
}

// belongs tells why a file of this title is of another cache than want, or of one with another lifetime bound.
func (t Title) belongs(want Title) error {
	switch {
	case t.Cluster != want.Cluster:
		return fmt.Errorf("it is of cluster %q, not %q", t.Cluster, want.Cluster)
	case t.Cache != want.Cache:
		return fmt.Errorf("it is of cache %q, not %q", t.Cache, want.Cache)
	case t.TTL != want.TTL:
		return fmt.Errorf("its TTL is %v, not %v", millis(t.TTL), millis(want.TTL))
	}
	return nil
}

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }
