package resp

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"a*c", "abbc", true}, {"a*c", "abb", false},
		{"h?llo", "hello", true}, {"h?llo", "hllo", false}, {"h[ae]llo", "hallo", true}, {"h[ae]llo", "hillo", false},
		{"h[^e]llo", "hallo", true}, {"h[^e]llo", "hello", false}, {"h[a-c]llo", "hbllo", true}, {"h[c-a]llo", "hbllo", true},
		{`h\*llo`, "h*llo", true}, {`h\*llo`, "hxllo", false}, {`[\]]`, "]", true}, {"[abc", "c", true}, {"[", "[", false},
		{"*a*b*c", "xxaxxbxxc", true}, {"**", "x", true}, {`\`, `\`, true}, {"a*", "b", false}, {"[^]", "x", true},
		{strings.Repeat("a*", 50) + "b", strings.Repeat("a", 1000), false}, // exponential where every star is retried
	} {
		if got := glob(c.pattern, c.name); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

// slowGlob is the definition: a star is any number of bytes.
func slowGlob(p, n string) bool {
	if p == "" {
		return n == ""
	}
	if p[0] == '*' {
		return slowGlob(p[1:], n) || n != "" && slowGlob(p, n[1:])
	}
	if n == "" {
		return false
	}
	width, ok := one(p, n[0])
	return ok && slowGlob(p[width:], n[1:])
}

func TestGlobIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune(`ab*?[]^-\`)), 0, 8, -1).Draw(t, "pattern")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("ab]^")), 0, 8, -1).Draw(t, "name")
		if glob(pattern, name) != slowGlob(pattern, name) {
			t.Fatalf("glob(%q, %q) = %v", pattern, name, glob(pattern, name))
		}
	})
}
