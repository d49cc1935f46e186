package sim

import (
	"flag"
	"strings"
	"testing"
)

// A flag that go test has too would be taken for its own: -trace FILE, for one.
func TestFlagsAreNotThoseOfGoTest(t *testing.T) {
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") && flag.Lookup("test."+f.Name) != nil {
			t.Errorf("go test takes -%s for its own", f.Name)
		}
	})
}
