package resp

import (
	"strings"
	"time"
)

// rule is the condition of an EXPIRE. The zero value allows all.
type rule struct{ nx, xx, gt, lt bool }

// parseRule reads the words after the time; problem is Redis's text.
func parseRule(words [][]byte) (r rule, problem string) {
	for _, w := range words {
		switch strings.ToLower(string(w)) {
		case "nx":
			r.nx = true
		case "xx":
			r.xx = true
		case "gt":
			r.gt = true
		case "lt":
			r.lt = true
		default:
			return r, "ERR Unsupported option " + string(w)
		}
	}
	switch {
	case r.nx && (r.xx || r.gt || r.lt):
		return r, "ERR NX and XX, GT or LT options at the same time are not compatible"
	case r.gt && r.lt:
		return r, "ERR GT and LT options at the same time are not compatible"
	}
	return r, ""
}

// allows: every key has a deadline, so NX never allows and XX always does.
func (r rule) allows(now, then time.Time) bool {
	return !r.nx && (!r.gt || then.After(now)) && (!r.lt || then.Before(now))
}
