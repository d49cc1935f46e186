package wire

// Limits of what travels. They are part of the format: all nodes of a mesh have the same.
const (
	MaxKey   = 1024    // bytes of a key
	MaxValue = 8 << 20 // bytes of a value
	MaxName  = 255     // bytes of the name of a cache or a node

	// AnnounceAbove is the largest value, in bytes, that gossip carries: gossip multiplies each byte by the degree of
	// its mesh, so a larger one is announced as a ghost and fetched by those who want it.
	AnnounceAbove = 16 << 10

	// PartBytes is the largest value, in bytes, that a Fetched holds, and what a part of a larger one holds: a tenth of a
	// second on a way of 10 Mbit/s, in which a look-up behind it waits.
	PartBytes = 128 << 10

	MaxBatchRecords = 256      // records of a batch, and touches of a batch
	MaxBatchBytes   = 64 << 10 // the whole batch

	MaxFrameRecords = 1024      // records of a frame; likewise keys, heads, origins, caches: elements of any list
	MaxFrameBytes   = 256 << 10 // the records, keys or digest of a frame, unless it is a single record

	// MaxFrame is the longest frame that Decode takes, in bytes: one record with the largest value.
	MaxFrame = MaxKey + MaxValue + envelope
)

// envelope is the room for what a frame holds besides its records or digest. The most is needed by an answer with
// 1,024 forgotten numbers of at most 28 bytes each.
const envelope = 64 << 10

// frameLimit is the longest frame that may hold more than one record.
const frameLimit = MaxFrameBytes + envelope

// DigestBytes is the most that a page of a digest takes: with the largest envelope it still makes 256 KiB.
const DigestBytes = MaxFrameBytes - envelope

// recordRoom is what a record is counted for besides key and value. It takes at most 49 bytes: 41 of heads and numbers
// and 8 in the table of origins. In a batch, where it has no origin, 26 bytes are left over, more than the 18 with which
// the batch begins.
const recordRoom = 64

// RecordSize is an upper bound, in bytes, of what a record with a key and a value of these lengths adds to a batch or a
// frame; a touch or a key counts like a record without a value. A batch of at most MaxBatchBytes by this measure, no
// value in it above AnnounceAbove, always encodes, and so does a frame of at most MaxFrameBytes.
func RecordSize(keyLen, valueLen int) int { return keyLen + valueLen + recordRoom }
