package wire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/geolru/geolru/crdt"
	"github.com/geolru/geolru/internal/vectors"
	"pgregory.net/rapid"
)

func mustEncode(t testing.TB, m Message) []byte {
	t.Helper()
	frame, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func mustEncodeBatch(t testing.TB, b *Batch) []byte {
	t.Helper()
	frame, err := EncodeBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestMessageRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t)
		frame, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(frame)
		if err != nil {
			t.Fatalf("%v\n%x", err, frame)
		}
		if !reflect.DeepEqual(got, m) {
			t.Fatalf("encoded %+v\ndecoded %+v", m, got)
		}
		checkCanonical(t, frame)
	})
}

func TestBatchRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Batch{someNonce.Draw(t, "nonce"), optional(someRecord).Draw(t, "records"), optional(someTouch).Draw(t, "touches")}
		origin := someOrigin.Draw(t, "origin")
		for i := range b.Records {
			b.Records[i].Version.Origin = origin
		}
		frame, err := EncodeBatch(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeBatch(frame, func(nonce [8]byte) crdt.Origin {
			if nonce != b.Nonce {
				t.Fatalf("asked for the origin of nonce %x, not %x", nonce, b.Nonce)
			}
			return origin
		})
		if err != nil {
			t.Fatalf("%v\n%x", err, frame)
		}
		if !reflect.DeepEqual(got, b) {
			t.Fatalf("encoded %+v\ndecoded %+v", b, got)
		}
		checkCanonical(t, frame)
	})
}

// checkCanonical holds a frame against the library, which shares no code with the encoder: it must read the frame and,
// told to use the shortest forms, write the same one.
func checkCanonical(t interface{ Fatalf(string, ...any) }, frame []byte) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatalf("%v", err)
	}
	var tree any
	if err := gate.Unmarshal(frame, &tree); err != nil {
		t.Fatalf("the library refuses %x: %v", frame, err)
	}
	again, err := mode.Marshal(tree)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if !bytes.Equal(again, frame) {
		t.Fatalf("not in shortest form:\n%x, but\n%x", frame, again)
	}
}

// sampleFrames is all the samples, encoded.
func sampleFrames(t testing.TB) map[string][]byte {
	frames := map[string][]byte{"batch": mustEncodeBatch(t, sampleBatch())}
	for name, m := range samples() {
		frames[name] = mustEncode(t, m)
	}
	return frames
}

// page describes the format, with a vector of each type.
const page = "../../docs/wire.md"

// TestVectors holds version 1 to what it has always been, and the page to what the program does.
func TestVectors(t *testing.T) {
	want, err := vectors.Read(page, "wire")
	if err != nil {
		t.Fatal(err)
	}
	frames := sampleFrames(t)
	for name, frame := range frames {
		if !bytes.Equal(frame, want[name]) {
			t.Errorf("%s encodes to\n%x, not\n%x", name, frame, want[name])
		}
	}
	if len(want) != len(frames) {
		t.Errorf("%d vectors, %d types of frame", len(want), len(frames))
	}
}

// TestGrammar holds the page's line of each type to the number of the type and of its fields.
func TestGrammar(t *testing.T) {
	lines, err := vectors.Block(page, "grammar")
	if err != nil {
		t.Fatal(err)
	}
	known := samples()
	told := 1 // the batch, which is no Message
	for _, line := range lines {
		name, form, _ := strings.Cut(line, "=")
		m := known[strings.TrimSpace(name)]
		if m == nil {
			continue
		}
		told++
		number, fields := m.head()
		parts := elements(strings.TrimSpace(form))
		if uint64(len(parts)) != 2+fields || parts[0] != fmt.Sprint(Version) || parts[1] != fmt.Sprint(number) {
			t.Errorf("%s: type %d has %d fields", line, number, fields)
		}
		if newMessage(number) == nil || reflect.TypeOf(newMessage(number)) != reflect.TypeOf(m) {
			t.Errorf("%s: type %d is %T", line, number, newMessage(number))
		}
	}
	if told != len(known)+1 || newMessage(uint64(told)) == nil || newMessage(uint64(told)+1) != nil {
		t.Errorf("%d types are told of, %d are in use", told, len(known)+1)
	}
}

// elements is what stands between the outer brackets, cut at its own commas.
func elements(form string) (all []string) {
	depth, from := 0, 1
	for i, c := range form {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		}
		if c == ',' && depth == 1 || depth == 0 && i > 0 {
			all = append(all, strings.TrimSpace(form[from:i]))
			from = i + 1
		}
		if depth == 0 && i > 0 {
			return all
		}
	}
	return all
}

func TestSamplesDecode(t *testing.T) {
	for name, m := range samples() {
		got, err := Decode(mustEncode(t, m))
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: %v\n%+v\n%+v", name, err, m, got)
		}
	}
	got, err := DecodeBatch(mustEncodeBatch(t, sampleBatch()), sampleOrigin)
	if err != nil || !reflect.DeepEqual(got, sampleBatch()) {
		t.Errorf("batch: %v\n%+v\n%+v", err, sampleBatch(), got)
	}
}

func TestDecodedSharesNothingWithFrame(t *testing.T) {
	for name, m := range samples() {
		frame := mustEncode(t, m)
		got, err := Decode(frame)
		clear(frame)
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s changed with its frame: %v %+v", name, err, got)
		}
	}
	frame := mustEncodeBatch(t, sampleBatch())
	got, err := DecodeBatch(frame, sampleOrigin)
	clear(frame)
	if err != nil || !reflect.DeepEqual(got, sampleBatch()) {
		t.Errorf("batch changed with its frame: %v %+v", err, got)
	}
}

// TestOverhead is the promise that makes gossip cheap: 26 bytes and less for a record.
func TestOverhead(t *testing.T) {
	r := sampleRecord(crdt.Value, 1)
	r.Key, r.Value, r.Seq = strings.Repeat("k", 16), make([]byte, 100), 1<<32-1
	one := len(mustEncodeBatch(t, &Batch{Records: []Record{r}}))
	two := len(mustEncodeBatch(t, &Batch{Records: []Record{r, r}}))
	if two-one > 142 {
		t.Errorf("a record of 16 + 100 bytes takes %d", two-one)
	}
}

func TestRecordSizeFillsBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Batch{}
		for size := 0; len(b.Records) < MaxBatchRecords; {
			r := fullRecord(rapid.IntRange(1, MaxKey).Draw(t, "key"), rapid.IntRange(0, AnnounceAbove).Draw(t, "value"))
			if size += RecordSize(len(r.Key), len(r.Value)); size > MaxBatchBytes {
				break
			}
			b.Records = append(b.Records, r)
		}
		if _, err := EncodeBatch(b); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRecordSizeBoundsFrame(t *testing.T) {
	for _, n := range []struct{ records, key, value int }{{1, MaxKey, PartBytes}, {1024, 1, 191}, {16, 1024, 15296}, {4, 3, 65469}} {
		m := &Fetched{Cache: strings.Repeat("c", MaxName)}
		for i := range n.records {
			r := fullRecord(n.key, n.value)
			r.Version.Origin -= crdt.Origin(i)
			m.Records = append(m.Records, r)
			m.Heads = append(m.Heads, Head{Origin: 1<<64 - 1, N: 1<<64 - 1})
		}
		if room(m.Records) > MaxFrameBytes && n.records > 1 {
			t.Fatalf("the test counts wrong: %d bytes", room(m.Records))
		}
		frame := mustEncode(t, m)
		if _, err := Decode(frame); err != nil {
			t.Errorf("%+v: %v", n, err)
		}
		empty := mustEncode(t, &Fetched{Cache: m.Cache, Heads: m.Heads})
		if len(frame)-len(empty) > room(m.Records)+4 { // 4: longer heads of the table and the list
			t.Errorf("%+v takes %d bytes, over %d", n, len(frame)-len(empty), room(m.Records))
		}
	}
}

func TestLargestRecord(t *testing.T) {
	m := &Records{Cache: strings.Repeat("c", MaxName), Session: 1<<64 - 1, Records: []Record{fullRecord(MaxKey, MaxValue)}}
	if back, err := Decode(mustEncode(t, m)); err != nil || !reflect.DeepEqual(back, m) {
		t.Errorf("%v", err)
	}
}

// fullRecord has each number in its longest form.
func fullRecord(key, value int) Record {
	r := Record{Key: strings.Repeat("k", key), Value: make([]byte, value)}
	r.Version = crdt.Version{Time: 1<<64 - 1, Origin: 1<<64 - 1}
	r.Seq, r.Kind, r.Deadline = 1<<64-1, 255, -1
	return r
}

func TestEncodeRefuses(t *testing.T) {
	long := strings.Repeat("x", MaxName+1)
	many := make([]Record, MaxFrameRecords+1)
	big := Record{Key: "k", Value: make([]byte, frameLimit)}
	for name, c := range map[string]struct {
		m    Message
		want error
	}{
		"no cache":           {&Ack{}, ErrMalformed},
		"long cache":         {&Ack{Cache: long}, ErrTooLarge},
		"cache not UTF-8":    {&Ack{Cache: "\xff"}, ErrMalformed},
		"cache in a probe":   {&Probe{Caches: []CacheState{{}}}, ErrMalformed},
		"negative TTL":       {&Probe{Caches: []CacheState{{Name: "c", TTL: -1}}}, ErrMalformed},
		"negative time":      {&End{Cache: "c", Time: -1}, ErrMalformed},
		"empty key":          {&Explain{Cache: "c"}, ErrMalformed},
		"long key":           {&List{Cache: "c", Keys: []string{strings.Repeat("k", MaxKey+1)}}, ErrTooLarge},
		"long writer":        {&Explained{Cache: "c", Writer: long}, ErrTooLarge},
		"origin 0":           {&Fetch{Cache: "c", Origins: []crdt.Origin{0}}, ErrMalformed},
		"origin 0 in a head": {&Ack{Cache: "c", Heads: []Head{{}}}, ErrMalformed},
		"many origins":       {&Fetch{Cache: "c", Origins: make([]crdt.Origin, MaxFrameRecords+1)}, ErrTooLarge},
		"many records":       {&Records{Cache: "c", Records: many}, ErrTooLarge},
		"two large records":  {&Records{Cache: "c", Records: []Record{big, {}}}, ErrTooLarge},
		"huge record":        {&Records{Cache: "c", Records: []Record{{Value: make([]byte, MaxFrame)}}}, ErrTooLarge},
		"large fetched":      {&Fetched{Cache: "c", Records: []Record{big}}, ErrTooLarge},
		"long part":          {&Part{Cache: "c", Bytes: big.Value}, ErrTooLarge},
		"large end":          {&End{Cache: "c", Records: []Record{big}}, ErrTooLarge},
	} {
		if frame, err := Encode(c.m); !errors.Is(err, c.want) || frame != nil {
			t.Errorf("%s: %d bytes, %v", name, len(frame), err)
		}
	}
}

func TestEncodeBatchRefuses(t *testing.T) {
	large := &Batch{}
	for range 5 {
		large.Records = append(large.Records, Record{Key: "k", Value: make([]byte, AnnounceAbove)})
	}
	for i, b := range []*Batch{large, {Records: make([]Record, MaxBatchRecords+1)}, {Touches: make([]Touch, MaxBatchRecords+1)}} {
		if _, err := EncodeBatch(b); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func ExampleRecordSize() {
	fmt.Println(RecordSize(len("user:42"), 100))
	// Output: 171
}
