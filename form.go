package geolru

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/geolru/geolru/internal/replica"
	"github.com/geolru/geolru/internal/store"
)

// form is the bytes of a V and back. Its zero value does not work; safe for goroutines.
type form[V any] struct {
	codec   Codec[V]
	view    func([]byte) V // decoding that costs nothing and never fails, of which no form is kept; nil = there is none
	strange *strange
}

// strange is what came of values that do not decode.
type strange struct {
	cache string
	log   *slog.Logger
	once  sync.Once     // of the line in the log
	unfit sync.Once     // of the line about loaded values that do not encode
	heavy sync.Once     // of the line about values on which Options.Weigh panics
	found atomic.Uint64 // versions that did not decode, each counted when it is first read, and that could not be weighed
	reads atomic.Uint64 // reads that the store took for hits
}

func (s *strange) note(err error) {
	s.found.Add(1)
	s.once.Do(func() {
		s.log.Warn("geolru: a value does not decode; a newer program may have written it. Said once per cache",
			"cache", s.cache, "err", err)
	})
}

// noteUnweighed takes in that Options.Weigh panicked on what a peer wrote.
func (s *strange) noteUnweighed(panicked any) {
	s.found.Add(1)
	s.heavy.Do(func() {
		s.log.Error("geolru: Options.Weigh panics on a value of a peer, which is not kept. Said once per cache",
			"cache", s.cache, "panic", panicked)
	})
}

// undecodable is the decoded form of bytes that have none, kept so that they are not tried again at each read.
type undecodable struct{}

func newForm[V any](o Options[V], log *slog.Logger) (f form[V], err error) {
	f = form[V]{codec: o.Codec, strange: &strange{cache: o.Name, log: log}}
	if f.codec == nil {
		f.codec, f.view, err = defaultCodec[V]()
	}
	return f, err
}

func (f *form[V]) encode(v V) (replica.Blob, error) {
	b, err := f.codec.Encode(v)
	switch {
	case err != nil:
		return replica.Blob{}, fmt.Errorf("encode %T: %w", v, err)
	case len(b) > maxValue:
		return replica.Blob{}, fmt.Errorf("a value of %d bytes, %d are allowed: %w", len(b), maxValue, ErrTooLarge)
	case f.view != nil:
		return replica.BlobOf(b), nil
	}
	return replica.BlobOf(b).With(v), nil
}

// decode is the value of a blob; fresh tells that its decoded form, in full, was not there before.
func (f *form[V]) decode(b replica.Blob) (v V, full replica.Blob, fresh, ok bool) {
	if f.view != nil {
		return f.view(b.Bytes()), b, false, true
	}
	switch held := b.Form().(type) {
	case nil:
	case undecodable:
		return v, b, false, false
	default:
		v, ok = held.(V)
		return v, b, false, ok
	}
	v, err := f.try(b.Bytes())
	if err != nil {
		f.strange.note(err)
		b = b.With(undecodable{})
	} else {
		b = b.With(v)
	}
	return v, b, b.Form() != nil, err == nil
}

// try decodes bytes that anybody may have written: a codec that panics on them does not take the process down.
func (f *form[V]) try(b []byte) (v V, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decode %T: panic: %v", v, r)
		}
	}()
	return f.codec.Decode(b)
}

// loan is a value that a peer lent; not ok if it does not decode.
type loan[V any] struct {
	value V
	ok    bool
}

func (f *form[V]) lent(blobs map[string]replica.Blob) map[string]loan[V] {
	all := make(map[string]loan[V], len(blobs))
	for key, b := range blobs {
		v, _, _, ok := f.decode(b)
		all[key] = loan[V]{v, ok}
	}
	return all
}

// weigh is the weight of a blob, given that of a value.
func (f *form[V]) weigh(of func(string, V) int) func(string, replica.Blob) int {
	if of == nil {
		return nil
	}
	return func(key string, b replica.Blob) int {
		if v, _, _, ok := f.decode(b); ok {
			return of(key, v)
		}
		return 1
	}
}

// tell passes blobs that left on, as values.
func (f *form[V]) tell(gone func(string, V, store.Cause)) func(string, replica.Blob, store.Cause) {
	if gone == nil {
		return nil
	}
	return func(key string, b replica.Blob, c store.Cause) {
		if v, _, _, ok := f.decode(b); ok {
			gone(key, v, c)
		}
	}
}
