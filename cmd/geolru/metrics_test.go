package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The names that `geolru stats` prints and those that docs/operations.md tells are the names of the metrics.
func TestNamesOfMetrics(t *testing.T) {
	t.Parallel()
	p := serveProcess(t, "--listen", loopbackPort, "--dir", t.TempDir())
	defer p.end()
	_, body := p.fetch("/metrics", nil)
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (geolru_\S+)`).FindAllStringSubmatch(body, -1) {
		names = append(names, m[1])
	}
	out, _, _ := runBinary(t, "", "stats", "--addr", p.resp)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, line := range lines[1:] {
		name := "geolru_" + strings.Fields(line)[0]
		if !slices.Contains(names, name) && !slices.Contains(names, name+"_total") && !slices.Contains(names, name+"_ratio") {
			t.Errorf("stats prints %s, which is the name of no metric", name)
		}
	}
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile("`(?:geolru|…)(_[a-z0-9_]+)`").FindAllStringSubmatch(string(doc), -1)
	for _, name := range names {
		if !strings.HasPrefix(name, "geolru_p2p_") && !slices.ContainsFunc(told, func(m []string) bool { return strings.HasSuffix(name, m[1]) }) {
			t.Errorf("docs/operations.md does not tell of %s", name)
		}
	}
}
