package resp

// glob tells whether name matches pattern, by Redis's rules: * any run, ? any byte, [a-c] or [^a-c] one of them or
// none of them, \ the next byte as it is. Only the last star is ever gone back to, so the cost is at most the product
// of the two lengths (trying every star would be exponential).
func glob(pattern, name string) bool {
	p, n := 0, 0
	star, mark := -1, 0 // the last star, and where in name it has eaten to
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, mark = p, n
			p++
			continue
		}
		if width, ok := one(pattern[p:], name[n]); ok {
			p += width
			n++
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		p, n = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// one matches a single byte, and tells how much of the pattern that took.
func one(pattern string, c byte) (width int, ok bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		return class(pattern, c)
	case pattern[0] == '\\' && len(pattern) > 1:
		return 2, pattern[1] == c
	}
	return 1, pattern[0] == c
}

// class matches [...]; one that is never closed ends with the pattern.
func class(pattern string, c byte) (width int, ok bool) {
	i := 1
	not := i < len(pattern) && pattern[i] == '^'
	if not {
		i++
	}
	in := false
	for i < len(pattern) && pattern[i] != ']' {
		low, high, w := span(pattern[i:])
		in = in || low <= c && c <= high
		i += w
	}
	return min(i+1, len(pattern)), in != not
}

// span reads one member of a class: x, \x or x-y in either order.
func span(s string) (low, high byte, width int) {
	switch {
	case s[0] == '\\' && len(s) > 1:
		return s[1], s[1], 2
	case len(s) > 2 && s[1] == '-':
		return min(s[0], s[2]), max(s[0], s[2]), 3
	}
	return s[0], s[0], 1
}
