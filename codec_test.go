package geolru

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/geolru/geolru/internal/replica"
)

// through is v after a journey to another node.
func through[V any](t testing.TB, v V) V {
	t.Helper()
	c, _, err := defaultCodec[V]()
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Decode(b)
	if err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	return got
}

func same[V any](t testing.TB, v V) {
	t.Helper()
	if got := through(t, v); !reflect.DeepEqual(got, v) {
		t.Errorf("%#v became %#v", v, got)
	}
}

type tagged struct {
	ID      int               `cbor:"i"`
	Name    string            `json:"name,omitempty"`
	Tags    []string          // nil and empty differ
	Props   map[string]any    //
	Inner   *tagged           //
	At      time.Time         //
	Took    time.Duration     //
	Raw     []byte            //
	Hidden  string            `cbor:"-"`
	ByID    map[int]bool      //
	Address netip.Addr        //
	Amount  *big.Float        //
	Fixed   [3]uint16         //
	Ratio   float64           //
	Any     any               //
	Labels  map[string]string //
}

func TestValuesSurviveTheJourney(t *testing.T) {
	same(t, 42)
	same(t, math.MinInt64)
	same(t, uint64(math.MaxUint64))
	same(t, "not \xff UTF-8")
	same(t, []byte{0, 255})
	same(t, struct{ S string }{"\xff"})
	same(t, math.Inf(-1))
	same(t, []int(nil))
	same(t, []int{})
	same(t, (*int)(nil))
	same(t, map[string][]float64{"a": {1, 0.1}})
	same(t, make([]int, 200_000))
	same(t, *big.NewInt(0).Exp(big.NewInt(7), big.NewInt(99), nil))
	same(t, tagged{
		ID: -1, Name: "x", Tags: []string{}, Props: map[string]any{"a": "b", "n": nil}, Inner: &tagged{ID: 2}, Took: time.Second,
		Raw: []byte("raw"), ByID: map[int]bool{7: true}, Address: netip.MustParseAddr("::1"), Fixed: [3]uint16{1, 2, 3}, Ratio: 0.1,
	})
	at := time.Date(2026, 2, 3, 4, 5, 6, 789_012_345, time.FixedZone("", 3600))
	if got := through(t, tagged{At: at}).At; !got.Equal(at) || got.Format(time.RFC3339Nano) != at.Format(time.RFC3339Nano) {
		t.Errorf("%v became %v", at, got)
	}
	if got := through(t, tagged{Amount: big.NewFloat(1.5)}).Amount; got.Cmp(big.NewFloat(1.5)) != 0 {
		t.Errorf("1.5 became %v", got)
	}
}

func TestWhatAnyBecomes(t *testing.T) {
	at := time.Unix(1, 2).UTC()
	for _, c := range []struct{ in, out any }{
		{nil, nil}, {true, true}, {"x", "x"}, {[]byte("b"), []byte("b")}, {1.5, 1.5}, {at, at},
		{7, uint64(7)}, {-7, int64(-7)}, {uint64(math.MaxUint64), uint64(math.MaxUint64)},
		{[]string{"a"}, []any{"a"}},
		{map[string]int{"a": -1}, map[string]any{"a": int64(-1)}},
		{map[int]string{1: "a"}, map[any]any{uint64(1): "a"}},
		{tagged{}.Address, []byte{}},
		{struct {
			A int
			B map[string]any
		}{1, map[string]any{"c": []int{2}}}, map[string]any{"A": uint64(1), "B": map[string]any{"c": []any{uint64(2)}}}},
	} {
		if got := through(t, c.in); !reflect.DeepEqual(got, c.out) {
			t.Errorf("%#v became %#v, want %#v", c.in, got, c.out)
		}
	}
}

func TestEncodingIsDeterministic(t *testing.T) {
	m := map[string]int{}
	for _, k := range strings.Split("the quick brown fox jumps over a lazy dog", " ") {
		m[k] = len(m)
	}
	c := cborCodec[map[string]int]{}
	first, _ := c.Encode(m)
	for range 20 {
		if b, _ := c.Encode(m); !bytes.Equal(b, first) {
			t.Fatalf("%x and %x", first, b)
		}
	}
}

// Structs of different programs: fields added, removed, renamed with a tag.
func TestStructsThatDiffer(t *testing.T) {
	type v1 struct {
		Name string
		Age  int
		City string
	}
	type v2 struct {
		FullName string `cbor:"Name"`
		Age      int
		Email    string
	}
	b, _ := cborCodec[v1]{}.Encode(v1{"ann", 7, "here"})
	got, err := cborCodec[v2]{}.Decode(b)
	if want := (v2{FullName: "ann", Age: 7}); got != want || err != nil {
		t.Fatalf("got %+v, %v", got, err)
	}
	type v3 struct{ Age string }
	if got, err := (cborCodec[v3]{}).Decode(b); err == nil {
		t.Fatalf("a number became a string: %+v", got)
	}
}

func TestWhatCannotBeEncoded(t *testing.T) {
	for name, err := range map[string]error{
		"chan":      second(defaultCodec[chan int]()),
		"func":      second(defaultCodec[func()]()),
		"interface": second(defaultCodec[error]()),
	} {
		if err == nil || !strings.Contains(err.Error(), "Options.Codec") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (cborCodec[any]{}).Encode(struct{ F func() }{func() {}}); err == nil {
		t.Error("a func in a struct was encoded")
	}
	deep := any(1)
	for range maxNesting + 1 {
		deep = []any{deep}
	}
	if _, err := (cborCodec[any]{}).Encode(deep); err == nil {
		t.Error("what nobody could decode was encoded")
	}
	f, _ := newForm(Options[string]{}, slog.New(slog.DiscardHandler))
	if _, err := f.encode(strings.Repeat("x", maxValue+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("over 8 MiB: %v", err)
	}
	if _, err := f.encode(strings.Repeat("x", maxValue)); err != nil {
		t.Errorf("8 MiB: %v", err)
	}
}

func second[A, B any](_ A, _ B, err error) error { return err }

func TestHostileBytesAreErrors(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":             {},
		"cut":                 {0x82, 1},
		"trailing":            {1, 1},
		"a million levels":    bytes.Repeat([]byte{0x81}, 1<<20),
		"a million tags":      bytes.Repeat([]byte{0xc1}, 1<<20),
		"array of 2^62":       {0x9b, 0x40, 0, 0, 0, 0, 0, 0, 0},
		"indefinite":          {0x9f, 1, 0xff},
		"reserved":            {0x1c},
		"date that is none":   append([]byte{0xc0, 0x65}, "today"...),
		"map with a list key": {0xa1, 0x80, 1},
	} {
		if v, err := (cborCodec[any]{}).Decode(b); err == nil {
			t.Errorf("%s: %#v", name, v)
		}
		if v, err := (cborCodec[tagged]{}).Decode(b); err == nil {
			t.Errorf("%s: %#v", name, v)
		}
	}
}

func TestDecodingAnythingIsNoCrash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		cborCodec[any]{}.Decode(b)
		cborCodec[tagged]{}.Decode(b)
		cborCodec[map[string][]int]{}.Decode(b)
	})
}

func FuzzDecode(f *testing.F) {
	b, _ := cbor.Marshal(tagged{ID: 1, Props: map[string]any{"a": []int{1}}, At: time.Unix(1, 0), ByID: map[int]bool{1: true}})
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) {
		cborCodec[any]{}.Decode(b)
		cborCodec[tagged]{}.Decode(b)
	})
}

type brittle struct{ tries *int }

func (c brittle) Encode(v int) ([]byte, error) { return []byte{byte(v)}, nil }
func (c brittle) Decode(b []byte) (int, error) {
	*c.tries++
	if b[0] == 13 {
		panic("unlucky")
	}
	return int(b[0]), nil
}

// A value is decoded once; a codec that panics has failed once, and is not asked again.
func TestDecodedFormIsKept(t *testing.T) {
	tries := 0
	f, _ := newForm(Options[int]{Codec: brittle{&tries}}, slog.New(slog.DiscardHandler))
	for in, want := range map[byte]bool{7: true, 13: false} {
		tries = 0
		v, full, fresh, ok := f.decode(replica.BlobOf([]byte{in}))
		if ok != want || ok && v != int(in) || !fresh || tries != 1 {
			t.Fatalf("%d: got %d, %v, fresh %v, %d tries", in, v, ok, fresh, tries)
		}
		if v, _, fresh, ok = f.decode(full); ok != want || ok && v != int(in) || fresh || tries != 1 {
			t.Fatalf("%d again: got %d, %v, fresh %v, %d tries", in, v, ok, fresh, tries)
		}
	}
	if n := f.strange.found.Load(); n != 1 {
		t.Fatalf("%d versions counted", n)
	}
}
