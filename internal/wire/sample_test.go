package wire

import (
	"bytes"
	"github.com/geolru/geolru/crdt"
	"pgregory.net/rapid"
)

const (
	sampleMillis   = 1_760_000_000_000
	sampleLifetime = 24 * 3600 * 1000
)

var sampleNonce = [8]byte{1, 2, 3, 4, 5, 6, 7, 8}

// sampleOrigin is the origin that follows from the sample nonce.
func sampleOrigin([8]byte) crdt.Origin { return 0xfeed_beef_0123_4567 }

func sampleRecord(kind crdt.Kind, origin crdt.Origin) Record {
	r := Record{Key: "user:42\x00\n"}
	r.Version = crdt.Version{Time: crdt.At(sampleMillis) + 3, Origin: origin}
	r.Seq, r.Kind = 70_000, kind
	switch kind {
	case crdt.Value:
		r.Value = []byte("hello")
		fallthrough
	case crdt.Ghost:
		r.Deadline = sampleMillis + sampleLifetime
	case crdt.Clear:
		r.Key = ""
	}
	return r
}

func sampleBatch() *Batch {
	o := sampleOrigin(sampleNonce)
	return &Batch{
		Nonce:   sampleNonce,
		Records: []Record{sampleRecord(crdt.Value, o), sampleRecord(crdt.Ghost, o), sampleRecord(crdt.Tombstone, o), sampleRecord(crdt.Clear, o)},
		Touches: []Touch{{"user:7", crdt.Version{Time: crdt.At(sampleMillis), Origin: 9}, sampleMillis + 5000}},
	}
}

func sampleDigest() []crdt.Known {
	return []crdt.Known{
		{Origin: 7, Head: 300, Last: crdt.At(sampleMillis)},
		{Origin: 1 << 60, Head: 2, Ranges: []crdt.Range{{Lo: 4, Hi: 4}, {Lo: 900, Hi: 1000}}, Last: crdt.At(sampleMillis) + 1},
		{Origin: 1<<64 - 1, Ranges: []crdt.Range{{Lo: crdt.MaxSeq, Hi: crdt.MaxSeq}}},
	}
}

// samples is one message of each type, named as in docs/wire.md.
func samples() map[string]Message {
	two := []Record{sampleRecord(crdt.Value, 1<<63), sampleRecord(crdt.Ghost, 5)}
	heads := []Head{{Origin: 5, N: 70_000}, {Origin: 1 << 63, N: 0}}
	explained := sampleRecord(crdt.Value, 5).Register
	return map[string]Message{
		"probe": &Probe{ID: 12, Reply: true, Time: sampleMillis, Caches: []CacheState{
			{Name: "users", TTL: sampleLifetime, Hash: 0x0123_4567_89ab_cdef, Nonce: sampleNonce}}},
		"fetch": &Fetch{Cache: "users", ID: 13, Origins: []crdt.Origin{1 << 63, 5}, Wants: []Want{
			{Key: "a"}, {Key: "b\xff", Least: crdt.Version{Time: crdt.At(sampleMillis), Origin: 5}}}},
		"fetched":   &Fetched{Cache: "users", ID: 13, Records: two, Heads: heads, Last: true},
		"ack":       &Ack{Cache: "users", Heads: heads},
		"explain":   &Explain{Cache: "users", ID: 14, Key: "a"},
		"explained": &Explained{Cache: "users", ID: 14, Register: explained, Writer: "12D3KooW"},
		"pull":      &Pull{Cache: "größe", Session: 15, Digest: sampleDigest(), Last: true},
		"answer": &Answer{Cache: "users", Session: 15, Digest: sampleDigest(), Floor: crdt.At(sampleMillis), Forgotten: []Forgotten{
			{Origin: 7, N: 30, Time: crdt.At(sampleMillis - 1)}}, Lossy: true},
		"records": &Records{Cache: "users", Session: 15, Records: two},
		"list":    &List{Cache: "users", Session: 15, Keys: []string{"a", "b\xff"}},
		"end": &End{Cache: "users", Session: 15, Time: sampleMillis, Count: 2, Whole: true, Records: []Record{
			sampleRecord(crdt.Clear, 5)}},
		"credit":  &Credit{Cache: "users", Session: 15, Bytes: 1 << 20},
		"busy":    &Busy{Cache: "users", Session: 15, RetryAfter: 2500},
		"audit":   &Audit{Cache: "users", ID: 16, Partition: 63, Seed: 1 << 63, Cells: 64},
		"audited": &Audited{Cache: "users", ID: 16, Cells: bytes.Repeat([]byte{0xa5}, 48)},
		"claim":   &Claim{Cache: "users", ID: 17, Key: "a"},
		"claimed": &Claimed{Cache: "users", ID: 17, Key: "a", Loaded: true},
		"offers": &Offers{Cache: "users", ID: 13, Heads: heads, Offers: []Offer{
			{Key: "a", Version: two[0].Version, Seq: 70_000, Deadline: two[0].Deadline, Size: 7 << 20, Sum: 0x0123_4567_89ab_cdef}}},
		"take": &Take{Cache: "users", ID: 18, Key: "a", Version: two[0].Version, Offset: 1 << 17},
		"part": &Part{Cache: "users", ID: 18, Offset: 1 << 17, Bytes: []byte("hello")},
	}
}

// The generators draw anything that encodes, sound or not.

func optional[T any](g *rapid.Generator[T]) *rapid.Generator[[]T] {
	return rapid.Map(rapid.SliceOfN(g, 0, 8), func(s []T) []T {
		if len(s) == 0 {
			return nil // as it is decoded
		}
		return s
	})
}

var (
	someOrigin = rapid.Custom(func(t *rapid.T) crdt.Origin { return crdt.Origin(rapid.Uint64Min(1).Draw(t, "origin")) })
	someTime   = rapid.Custom(func(t *rapid.T) crdt.Time { return crdt.Time(rapid.Uint64().Draw(t, "time")) })
	someMillis = rapid.Int64Min(0)
	someName   = rapid.StringN(1, 60, MaxName)
	someKey    = rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 40), func(b []byte) string { return string(b) })
	someNonce  = rapid.Custom(func(t *rapid.T) [8]byte { return [8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "nonce")) })

	someVersion = rapid.Custom(func(t *rapid.T) crdt.Version {
		return crdt.Version{Time: someTime.Draw(t, "time"), Origin: crdt.Origin(rapid.Uint64().Draw(t, "origin"))}
	})
	someRegister = rapid.Custom(func(t *rapid.T) crdt.Register {
		r := crdt.Register{
			Version: someVersion.Draw(t, "version"), Seq: rapid.Uint64().Draw(t, "seq"),
			Kind: crdt.Kind(rapid.Uint8().Draw(t, "kind")),
		}
		near := rapid.Int64Range(r.Version.Time.Milli()-2, r.Version.Time.Milli()+2)
		r.Deadline = rapid.OneOf(rapid.Int64(), near, rapid.Just(int64(0))).Draw(t, "deadline")
		return r
	})
	someRecord = rapid.Custom(func(t *rapid.T) Record {
		r := Record{Key: string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "key")), Register: someRegister.Draw(t, "register")}
		if rapid.Bool().Draw(t, "sane") {
			r.Kind = crdt.Kind(rapid.Uint8Range(0, 5).Draw(t, "kind"))
		}
		r.Value = rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value")
		if len(r.Value) == 0 && r.Kind != crdt.Value {
			r.Value = nil
		}
		return r
	})
	someTouch = rapid.Custom(func(t *rapid.T) Touch {
		r := someRegister.Draw(t, "register")
		return Touch{Key: someKey.Draw(t, "key"), Version: r.Version, Deadline: r.Deadline}
	})
	someHead = rapid.Custom(func(t *rapid.T) Head {
		return Head{Origin: someOrigin.Draw(t, "origin"), N: rapid.Uint64().Draw(t, "n")}
	})
	someForgotten = rapid.Custom(func(t *rapid.T) Forgotten {
		return Forgotten{Origin: someOrigin.Draw(t, "origin"), N: rapid.Uint64().Draw(t, "n"), Time: someTime.Draw(t, "time")}
	})
	someCache = rapid.Custom(func(t *rapid.T) CacheState {
		return CacheState{
			Name: someName.Draw(t, "name"), TTL: someMillis.Draw(t, "ttl"),
			Hash: rapid.Uint64().Draw(t, "hash"), Nonce: someNonce.Draw(t, "nonce"),
		}
	})
	someWant = rapid.Custom(func(t *rapid.T) Want {
		return Want{Key: someKey.Draw(t, "key"), Least: someVersion.Draw(t, "least")}
	})
	someOffer = rapid.Custom(func(t *rapid.T) Offer {
		r := someRegister.Draw(t, "register")
		return Offer{someKey.Draw(t, "key"), r.Version, r.Seq, r.Deadline, rapid.Uint64().Draw(t, "size"), rapid.Uint64().Draw(t, "sum")}
	})
	someKnown = rapid.Custom(func(t *rapid.T) crdt.Known {
		k := crdt.Known{Origin: someOrigin.Draw(t, "origin"), Last: someTime.Draw(t, "last")}
		k.Head = rapid.Uint64Max(1<<62).Draw(t, "head")
		end := k.Head
		for range rapid.IntRange(0, 5).Draw(t, "ranges") {
			lo := end + 2 + rapid.Uint64Max(1<<30).Draw(t, "gap")
			end = lo + rapid.Uint64Max(1<<30).Draw(t, "length")
			k.Ranges = append(k.Ranges, crdt.Range{Lo: lo, Hi: end})
		}
		return k
	})
	someDigest = rapid.Custom(func(t *rapid.T) []crdt.Known {
		known := rapid.SliceOfNDistinct(someKnown, 0, 8, func(k crdt.Known) crdt.Origin { return k.Origin }).Draw(t, "digest")
		if len(known) == 0 {
			return nil
		}
		return inOrder(known)
	})
)

func drawMessage(t *rapid.T) Message {
	cache, id := someName.Draw(t, "cache"), rapid.Uint64().Draw(t, "id")
	number, last := rapid.Uint64().Draw(t, "number"), rapid.Bool().Draw(t, "last")
	records := optional(someRecord).Draw(t, "records")
	switch rapid.SampledFrom([]uint64{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}).Draw(t, "type") {
	case numberProbe:
		return &Probe{id, last, someMillis.Draw(t, "time"), optional(someCache).Draw(t, "caches")}
	case numberFetch:
		return &Fetch{cache, id, optional(someWant).Draw(t, "wants"), optional(someOrigin).Draw(t, "origins")}
	case numberFetched:
		return &Fetched{cache, id, records, optional(someHead).Draw(t, "heads"), last}
	case numberAck:
		return &Ack{cache, optional(someHead).Draw(t, "heads")}
	case numberExplain:
		return &Explain{cache, id, someKey.Draw(t, "key")}
	case numberExplained:
		return &Explained{cache, id, someRegister.Draw(t, "register"), rapid.StringN(0, 20, -1).Draw(t, "writer")}
	case numberPull:
		return &Pull{cache, id, someDigest.Draw(t, "digest"), last, number%2 == 0}
	case numberAnswer:
		return &Answer{cache, id, someDigest.Draw(t, "digest"), someTime.Draw(t, "floor"), optional(someForgotten).Draw(t, "forgotten"), number, number%2 == 0, last}
	case numberRecords:
		return &Records{cache, id, records}
	case numberList:
		return &List{cache, id, optional(someKey).Draw(t, "keys"), last}
	case numberEnd:
		return &End{cache, id, someMillis.Draw(t, "time"), number, last, number%2 == 0, records}
	case numberCredit:
		return &Credit{cache, id, number}
	case numberAudit:
		return &Audit{cache, id, number, id, number}
	case numberAudited:
		return &Audited{cache, id, optional(rapid.Byte()).Draw(t, "cells")}
	case numberClaim:
		return &Claim{cache, id, someKey.Draw(t, "key")}
	case numberOffers:
		return &Offers{cache, id, optional(someHead).Draw(t, "heads"), optional(someOffer).Draw(t, "offers")}
	case numberTake:
		return &Take{cache, id, someKey.Draw(t, "key"), someVersion.Draw(t, "version"), number}
	case numberPart:
		return &Part{cache, id, number, optional(rapid.Byte()).Draw(t, "bytes")}
	case numberClaimed:
		return &Claimed{cache, id, someKey.Draw(t, "key"), last}
	}
	return &Busy{cache, id, number}
}
