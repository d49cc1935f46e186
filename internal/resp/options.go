package resp

import (
	"slices"
	"strings"
	"time"
)

// options are the words after the value in SET, and after the key in GETEX. The zero value: none.
type options struct {
	nx, xx, get, keep, persist bool
	time                       []byte // after EX, PX, EXAT or PXAT; nil: none of them
	unit                       time.Duration
	absolute                   bool // time is a Unix time, not a life
}

// parse reads the words; only those allowed, and none that contradict each other.
func (o *options) parse(words [][]byte, allowed string) bool {
	for i := 0; i < len(words); i++ {
		word := strings.ToLower(string(words[i]))
		if !slices.Contains(strings.Fields(allowed), word) {
			return false
		}
		if o.mark(word) {
			continue
		}
		if i++; i == len(words) || !o.when(word, words[i]) {
			return false
		}
	}
	return !(o.nx && o.xx) && o.lives() <= 1
}

// mark takes a word that stands alone.
func (o *options) mark(word string) bool {
	switch word {
	case "nx":
		o.nx = true
	case "xx":
		o.xx = true
	case "get":
		o.get = true
	case "keepttl":
		o.keep = true
	case "persist":
		o.persist = true
	default:
		return false
	}
	return true
}

// when takes a word that a time follows.
func (o *options) when(word string, t []byte) bool {
	if o.time != nil {
		return false
	}
	o.time = t
	o.absolute = strings.HasSuffix(word, "at")
	o.unit = time.Second
	if word[0] == 'p' {
		o.unit = time.Millisecond
	}
	return true
}

// lives is how many of the ways to say how long were used.
func (o *options) lives() int {
	n := 0
	for _, said := range []bool{o.time != nil, o.keep, o.persist} {
		if said {
			n++
		}
	}
	return n
}

// plain tells whether a SET depends on nothing that is there.
func (o *options) plain() bool { return !o.nx && !o.xx && !o.get && !o.keep }
