package wire

import "github.com/geolru/geolru/crdt"

// Version is the number of the format that this program speaks.
const Version = 1

// Record is a versioned record as it travels. The zero value is not sound (see CheckRecord).
//
// Value is nil unless Kind is crdt.Value. A decoded one is a copy: it does not share memory with the frame and may be
// stored.
type Record struct {
	Key string // 1 to MaxKey bytes of any kind; empty for crdt.Clear alone
	crdt.Register
	Value []byte
}

// Touch lengthens the life of one version of a key.
type Touch struct {
	Key      string
	Version  crdt.Version
	Deadline int64 // Unix milliseconds
}

// Batch is what gossip carries: records of one author's replica. All of them have the origin that follows from the
// author and the nonce, so it does not travel with each. A touch may be of anybody's version and carries its origin.
type Batch struct {
	Nonce   [8]byte  // drawn by the author when its replica started
	Records []Record // at most MaxBatchRecords
	Touches []Touch  // at most MaxBatchRecords
}

// Head says that everything of Origin from 1 to N has been seen. Origin is not 0.
type Head struct {
	Origin crdt.Origin
	N      uint64
}

// Forgotten says that records of Origin numbered at most N were forgotten, the latest of them written at Time.
// Origin is not 0.
type Forgotten struct {
	Origin crdt.Origin
	N      uint64
	Time   crdt.Time
}

// CacheState is one cache in a Probe.
type CacheState struct {
	Name  string  // 1 to MaxName bytes of UTF-8
	TTL   int64   // the lifetime bound L, milliseconds
	Hash  uint64  // of the digest: equal hashes, nothing to sync
	Nonce [8]byte // of the sender's replica
}

// Message is any frame that goes from one node to another: a pointer to one of the types below. Their zero values do
// not encode, for Cache must be named (1 to MaxName bytes of UTF-8) in all but Probe. No list in them is longer than
// MaxFrameRecords. They hold no lock: share one between goroutines only if nobody changes it.
type Message interface {
	// head is the number of the type and how many fields it has.
	head() (number, fields uint64)
	// fields passes each field to the codec, in the order of the format, to be read or written.
	fields(c *codec)
}

type (
	// Probe measures the latency and compares digests. Reply: the same ID comes back with the answerer's own state.
	Probe struct {
		ID     uint64
		Reply  bool
		Time   int64 // Unix milliseconds of the sender's clock, not negative
		Caches []CacheState
	}

	// Want is one key that a Fetch asks for; a version below Least is of no use. The zero Least takes any.
	Want struct {
		Key   string
		Least crdt.Version
	}

	// Fetch asks for keys, and what the answerer has seen of the origins that the asker has forgotten something of.
	Fetch struct {
		Cache   string
		ID      uint64
		Wants   []Want
		Origins []crdt.Origin // none is 0
	}

	// Fetched answers a Fetch: what is known of the keys; nothing for an unknown one.
	Fetched struct {
		Cache   string
		ID      uint64
		Records []Record
		Heads   []Head
		Last    bool // no more answers to this Fetch
	}

	// Ack tells an origin how far its records have come.
	Ack struct {
		Cache string
		Heads []Head
	}

	// Explain asks what a node knows of a key.
	Explain struct {
		Cache string
		ID    uint64
		Key   string
	}

	// Explained answers an Explain. Kind is None for an unknown key.
	Explained struct {
		Cache    string
		ID       uint64
		Register crdt.Register
		Writer   string // the node that wrote it, at most MaxName bytes of UTF-8; empty if not known
	}

	// Pull asks for all that the asker has not seen; if Settled, for what should have come to it by now, and not for what
	// may still be in flight. Last is set on the last page of the digest.
	//
	// Digest is a set: it travels in ascending order of origin, and no origin may stand in it twice.
	Pull struct {
		Cache   string
		Session uint64
		Digest  []crdt.Known
		Last    bool
		Settled bool
	}

	// Answer begins the answer to a Pull: what the answerer had seen when it began, and what it has forgotten.
	// Paged like Pull; Floor and Forgotten stand on every page.
	Answer struct {
		Cache     string
		Session   uint64
		Digest    []crdt.Known
		Floor     crdt.Time
		Forgotten []Forgotten
		Total     uint64 // records to come, hottest first, if the asker lacks most of them; 0 = an unordered few
		Lossy     bool   // it has forgotten a dot that the asker lacks: a List follows before the records
		Last      bool
	}

	// Records carries some of the records of an answer.
	Records struct {
		Cache   string
		Session uint64
		Records []Record
	}

	// List carries a page of the keys that the answerer holds at or below its floor (only if the answer is lossy).
	List struct {
		Cache   string
		Session uint64
		Keys    []string
		Last    bool
	}

	// End closes an answer. Whole: nothing was left out or forgotten meanwhile. Settled: nothing but what may still be in
	// flight was left out, so only the dots of the records that came count as seen. Records holds the Clear, if any.
	End struct {
		Cache   string
		Session uint64
		Time    int64  // Unix milliseconds of the sender's clock, not negative
		Count   uint64 // records sent in the answer
		Whole   bool
		Settled bool
		Records []Record
	}

	// Credit lets the answerer send so many bytes more.
	Credit struct {
		Cache   string
		Session uint64
		Bytes   uint64
	}

	// Busy refuses a Pull for so many milliseconds.
	Busy struct {
		Cache      string
		Session    uint64
		RetryAfter uint64
	}
	// Audit asks for the first Cells cells of a sketch over one partition of the keys that the answerer knows.
	Audit struct {
		Cache     string
		ID        uint64
		Partition uint64
		Seed      uint64 // keys the hashes
		Cells     uint64
	}
	// Audited answers an Audit: 48 bytes a cell, big-endian: the sums of key hashes, times, origins and sequence
	// numbers, the sum of the items' hashes, and their count.
	Audited struct {
		Cache string
		ID    uint64
		Cells []byte
	}
	// Claim tells that the sender loads a key: who misses it too waits for what comes of it.
	Claim struct {
		Cache string
		ID    uint64
		Key   string
	}
	// Claimed ends a Claim. Loaded: there is a value now; it travels like any write.
	Claimed struct {
		Cache  string
		ID     uint64
		Key    string
		Loaded bool
	}
)
