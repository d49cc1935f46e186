package resp

import "strconv"

// split cuts an inline command into arguments as Redis does: at white space, with "double" quotes in which \n \r \t
// \b \a \xHH mean what they do in C, and 'single' quotes in which only \' does. False: quotes that do not balance.
func split(line []byte) ([][]byte, bool) {
	var args [][]byte
	for {
		for len(line) > 0 && isSpace(line[0]) {
			line = line[1:]
		}
		if len(line) == 0 {
			return args, true
		}
		arg, rest, ok := word(line)
		if !ok {
			return nil, false
		}
		args, line = append(args, arg), rest
	}
}

// word takes one argument off the front of line.
func word(line []byte) (arg, rest []byte, ok bool) {
	arg = []byte{}
	for len(line) > 0 && !isSpace(line[0]) {
		c := line[0]
		if c != '"' && c != '\'' {
			arg, line = append(arg, c), line[1:]
			continue
		}
		var inside []byte
		if inside, line, ok = quoted(line[1:], c); !ok {
			return nil, nil, false
		}
		arg = append(arg, inside...)
		if len(line) > 0 && !isSpace(line[0]) { // a closing quote ends the argument
			return nil, nil, false
		}
	}
	return arg, line, true
}

// quoted takes what stands before the closing quote.
func quoted(line []byte, quote byte) (inside, rest []byte, ok bool) {
	for len(line) > 0 {
		switch c := line[0]; {
		case c == quote:
			return inside, line[1:], true
		case c == '\\' && len(line) > 1 && (quote == '"' || line[1] == '\''):
			var b byte
			b, line = escaped(line[1:], quote)
			inside = append(inside, b)
		default:
			inside, line = append(inside, c), line[1:]
		}
	}
	return nil, nil, false
}

// escaped is the byte that a backslash and the front of line stand for.
func escaped(line []byte, quote byte) (byte, []byte) {
	if quote == '"' && line[0] == 'x' && len(line) > 2 {
		if n, err := strconv.ParseUint(string(line[1:3]), 16, 8); err == nil {
			return byte(n), line[3:]
		}
	}
	c := line[0]
	if quote == '"' {
		switch c {
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'b':
			c = '\b'
		case 'a':
			c = '\a'
		}
	}
	return c, line[1:]
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' || c == 0 }
