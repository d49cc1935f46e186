package geolru

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/fxamacker/cbor/v2"
)

// Codec makes bytes of values and back, for a cache on a node. Both methods are called from many goroutines at once.
//
// Encode must return bytes that nobody changes afterwards. Decode must not keep a grip on its input that changes it,
// and an error from it says that these bytes are not for this program: they stay as they are, for nodes that know them.
type Codec[V any] interface {
	Encode(V) ([]byte, error)
	Decode([]byte) (V, error)
}

// Bounds of what the default codec takes, far above what a value of 8 MiB sensibly holds: they bound the stack and the
// memory that hostile bytes can take.
const (
	maxNesting  = 1024
	maxElements = 1 << 20
)

// The default encoding: CBOR in its deterministic form, so that equal values have equal bytes. Struct fields go by
// their `cbor` tags, else `json` tags, else names; a time keeps its nanoseconds and zone.
var (
	encoding = must(cbor.EncOptions{
		Sort:          cbor.SortBytewiseLexical,
		IndefLength:   cbor.IndefLengthForbidden,
		Time:          cbor.TimeRFC3339Nano,
		TimeTag:       cbor.EncTagRequired,
		TextMarshaler: cbor.TextMarshalerTextString,
	}.EncMode())

	// In an `any`, maps are map[string]any.
	decoding = must(decodingWith(reflect.TypeFor[map[string]any]()).DecMode())
	// The maps that those cannot be, with keys that are not strings, are map[any]any.
	decodingAnyKey = must(decodingWith(reflect.TypeFor[map[any]any]()).DecMode())
)

func decodingWith(maps reflect.Type) cbor.DecOptions {
	return cbor.DecOptions{
		DefaultMapType:   maps,
		MaxNestedLevels:  maxNesting,
		MaxArrayElements: maxElements,
		MaxMapPairs:      maxElements,
		IndefLength:      cbor.IndefLengthForbidden,
		UTF8:             cbor.UTF8DecodeInvalid, // a Go string may hold any bytes
		TextUnmarshaler:  cbor.TextUnmarshalerTextString,
	}
}

func must[M any](mode M, err error) M {
	if err != nil {
		panic(err) // the options above are constants
	}
	return mode
}

// defaultCodec is the codec of a V for which none is given; view is its decoding if that costs nothing, else nil.
func defaultCodec[V any]() (c Codec[V], view func([]byte) V, err error) {
	switch any((*V)(nil)).(type) {
	case *[]byte:
		return any(bytesCodec{}).(Codec[V]), any(viewBytes).(func([]byte) V), nil
	case *string:
		return any(stringCodec{}).(Codec[V]), any(viewString).(func([]byte) V), nil
	}
	switch t := reflect.TypeFor[V](); {
	case t.Kind() == reflect.Chan, t.Kind() == reflect.Func, t.Kind() == reflect.Interface && t.NumMethod() > 0:
		return nil, nil, fmt.Errorf("values of type %v need an Options.Codec", t)
	}
	return cborCodec[V]{}, nil, nil
}

// bytesCodec and stringCodec leave the bytes as they are, so caches of both kinds can be replicas of each other.
type (
	bytesCodec  struct{}
	stringCodec struct{}
)

func (bytesCodec) Encode(v []byte) ([]byte, error) { return v, nil }
func (bytesCodec) Decode(b []byte) ([]byte, error) { return viewBytes(b), nil }

func (stringCodec) Encode(v string) ([]byte, error) { return []byte(v), nil }
func (stringCodec) Decode(b []byte) (string, error) { return viewString(b), nil }

func viewBytes(b []byte) []byte { return b }

// viewString shares the bytes: nothing in the house changes those of a value.
func viewString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// cborCodec is the default codec of all else.
type cborCodec[V any] struct{}

func (cborCodec[V]) Encode(v V) ([]byte, error) {
	b, err := encoding.Marshal(v)
	if err != nil {
		return nil, err
	}
	// What no other node could decode is refused here, where somebody hears of it. Each level takes a byte at least.
	if len(b) > maxNesting {
		err = decoding.Wellformed(b)
	}
	return b, err
}

func (cborCodec[V]) Decode(b []byte) (V, error) {
	v, err := unmarshal[V](decoding, b)
	if unfit := new(cbor.UnmarshalTypeError); errors.As(err, &unfit) {
		if w, err := unmarshal[V](decodingAnyKey, b); err == nil {
			return w, nil
		}
	}
	return v, err
}

func unmarshal[V any](mode cbor.DecMode, b []byte) (v V, err error) {
	err = mode.Unmarshal(b, &v)
	return v, err
}
