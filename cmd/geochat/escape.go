package main

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// escape shows what a terminal would obey: control characters, and those that turn the direction of text, come out as
// \n, \x1b, \u202e. What others send must not move anybody's cursor.
func escape(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || !strconv.IsPrint(r) {
			quoted := strconv.Quote(s[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
