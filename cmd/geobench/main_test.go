package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// command runs the program.
func command(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(context.Background(), append([]string{"geobench"}, args...), &o, &e)
	return code, o.String(), e.String()
}

func TestCommandLinesThatMakeNoSense(t *testing.T) {
	for line, says := range map[string]string{
		"nonsense":                         `"nonsense"`,
		"local extra":                      `"extra"`,
		"local --phase nap":                `"nap"`,
		"local --procs 0":                  "at least 1",
		"local --cache memcached":          `"memcached"`,
		"local --plot picture.gif":         "picture.gif",
		"local --bogus":                    "bogus",
		"hitratio":                         "which files",
		"hitratio --format csv x":          `"csv"`,
		"hitratio --size 200% x.trace":     `"200%"`,
		"hitratio --size many x.trace":     `"many"`,
		"hitratio --limit -1 x.trace":      "negative",
		"hitratio --cache nothing x.trace": `"nothing"`,
		"replicate extra":                  `"extra"`,
		"replicate --rounds 0":             "at least 1",
		"replicate --seconds 0":            "above 0",
		"replicate --link pigeon":          `"pigeon"; there are ["geolru"`,
		"local --plot gone/p.svg":          "no directory gone",
		"wan --json main.go/p.json":        "no directory main.go",
		"wan --nodes 257":                  "2 to 256",
		"wan --rate 0":                     "above 0",
		"wan --regions 99":                 "2 to 20",
		"wan --stddev x.csv":               "--matrix",
		"local --from x.json --quick":      "--quick has no sense",
		"replicate --from x --rounds 1":    "--rounds has no sense",
		"policy":                           "which files",
		"policy --policy nothing x.trace":  `"nothing"`,
		"policy --plot p.gif x.trace":      "p.gif",
	} {
		code, _, errs := command(strings.Fields(line)...)
		if code != 2 || !strings.Contains(errs, says) {
			t.Errorf("geobench %s: exit %d, %q; want 2 and a word of %q", line, code, errs, says)
		}
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	code, _, errs := command("hitratio", filepath.Join(t.TempDir(), "gone.trace"))
	if code != 1 || !strings.Contains(errs, "gone.trace") {
		t.Errorf("exit %d, %q; want 1 and the name of the file", code, errs)
	}
	code, _, errs = command("hitratio", filepath.Join(t.TempDir(), "gone")) // of a name that tells no format
	if code != 1 || !strings.Contains(errs, "no such file") {
		t.Errorf("exit %d, %q; want 1 and that it is not there", code, errs)
	}
}

func TestHitratio(t *testing.T) {
	dir := t.TempDir()
	file, js, svg := filepath.Join(dir, "loop.lis"), filepath.Join(dir, "out.json"), filepath.Join(dir, "out.svg")
	loop := strings.Repeat("1 1000 0 0\n", 3)
	if err := os.WriteFile(file, []byte(loop), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command("hitratio", "--size", "50%", "--size", "100", "--cache", "golang-lru", "--json", js, "--plot", svg, file)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if !strings.Contains(out, "3000 requests of 1000 keys") {
		t.Errorf("the table does not tell the size of the trace:\n%s", out)
	}
	var r hitReport
	readJSON(t, js, &r)
	for cache, want := range map[string]int{ruleLRU: 0, "golang-lru": 0, ruleOPT: 1000} { // a loop is the worst case
		if row, ok := r.Traces[0].of(cache, 500); !ok || row.Hits != want {
			t.Errorf("%s: %d hits, want %d", cache, row.Hits, want)
		}
	}
	if code, out, errs := command("hitratio", "--size", "100", file); code != 0 || strings.Contains(out, "on a node") {
		t.Errorf("of all caches: exit %d, %s: %s", code, errs, out)
	}
	picture, err := os.ReadFile(svg)
	if texts := bytes.Count(picture, []byte("<text ")); err != nil || texts == 0 || texts != bytes.Count(picture, []byte("textLength=")) || texts != bytes.Count(picture, []byte(",Times New Roman,")) {
		t.Errorf("the picture: %v, %.40q", err, picture)
	}
}

// Every phase and every figure, on a few entries: a table of all caches comes out, and nothing of it is missing.
func TestLocal(t *testing.T) {
	l := &localRun{plan: quickPlan(), phases: phases, progress: newProgress(&bytes.Buffer{})}
	l.plan.Speed = speedPlan{Capacity: 4000, Ops: 2000, Rounds: 2, Procs: []int{1, 2}}
	l.plan.Entries = 4000
	l.plan.Expiry = expiryPlan{Entries: 1000, Fuse: 400 * time.Millisecond, Window: 20 * time.Millisecond}
	r, err := l.run()
	if err != nil {
		t.Fatal(err)
	}
	const contenders, unbounded, withoutTTL = 11, 1, 1
	if got, want := len(r.Speed), 2*(contenders*len(workloads())-unbounded); got != want {
		t.Errorf("%d rows of speed, want %d", got, want)
	}
	for _, row := range r.Speed {
		if row.Wall <= 0 || len(row.Samples) != 2 {
			t.Errorf("nothing measured: %+v", row)
		}
	}
	if got := len(r.Memory); got != 2*contenders {
		t.Errorf("%d rows of memory, want %d", got, 2*contenders)
	}
	for _, row := range r.Memory {
		if row.Held < 3000 {
			t.Errorf("%s holds %d of 4000", row.Cache, row.Held)
		}
	}
	if got := len(r.Expiry); got != contenders-withoutTTL {
		t.Errorf("%d rows of expiry, want %d", got, contenders-withoutTTL)
	}
	var b bytes.Buffer
	for _, table := range r.tables() {
		if err := table.write(&b); err != nil {
			t.Fatal(err)
		}
	}
	for _, heading := range []string{"CPU ns", "Wall ns", "Allocations", "Memory", "expire at once"} {
		if !strings.Contains(b.String(), heading) {
			t.Errorf("no table has %q in its heading", heading)
		}
	}
	if n := len(r.charts()); n != 6 {
		t.Errorf("%d charts, want 6", n)
	}
}

// What a run found is drawn again from its JSON, with all that is in it, and no other command's is taken for it.
func TestFiguresOfAnEarlierRun(t *testing.T) {
	dir := t.TempDir()
	was, is, svg := filepath.Join(dir, "was.json"), filepath.Join(dir, "is.json"), filepath.Join(dir, "p.svg")
	text := `{"plan": {"speed": {"capacity": 4, "ops": 2, "rounds": 1, "gomaxprocs": [2]}}, "speed": [
		{"cache": "geolru", "workload": "crowd get", "gomaxprocs": 2, "goroutines": 64, "cpu_ns": 73, "wall_ns": 40}]}`
	if err := os.WriteFile(was, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command("local", "--from", was, "--json", is, "--plot", svg)
	if code != 0 || !strings.Contains(out, " 73.0 |") {
		t.Fatalf("exit %d, %s: %s", code, errs, out)
	}
	var r localReport
	readJSON(t, is, &r)
	if row, ok := r.speedOf(speedPlace{"geolru", "crowd get", 2}); !ok || row.CPU != 73 {
		t.Errorf("of 73 ns there came %+v", row)
	}
	if picture, err := os.ReadFile(svg); err != nil || !bytes.Contains(picture, []byte("64 goroutines")) {
		t.Errorf("no picture of a crowd: %v", err)
	}
	if code, _, errs := command("replicate", "--from", was); code != 1 || !strings.Contains(errs, was) {
		t.Errorf("replicate takes the figures of local: exit %d, %q", code, errs)
	}
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
