package resp

import "strconv"

// parseInt reads a whole number as strictly as Redis does: no sign but a minus, no leading zeros, no spaces.
func parseInt(b []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || len(b) > 1 && (b[0] == '+' || b[0] == '0' || b[0] == '-' && b[1] == '0') {
		return 0, false
	}
	return n, true
}
