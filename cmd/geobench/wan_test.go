package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Everything is simulated, on a few nodes: nothing is lost, nobody is late, the targets of ranking hold.
func TestWAN(t *testing.T) {
	dir := t.TempDir()
	matrix, js, svg := filepath.Join(dir, "rtt.csv"), filepath.Join(dir, "out.json"), filepath.Join(dir, "out.svg")
	table := "# ms\nx,a,b,c,d\na,1,20,80,200\nb,22,1,70,180\nc,80,70,1,150\nd,200,180,150,1\n"
	if err := os.WriteFile(matrix, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	spread := filepath.Join(dir, "stddev.csv")
	if err := os.WriteFile(spread, []byte("x,a,b,c,d\na,1,1,2,5\nb,1,1,2,5\nc,2,2,1,5\nd,5,5,5,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	line := []string{"wan", "--nodes", "8", "--regions", "4", "--rate", "200", "--lookups", "50", "--matrix", matrix, "--stddev", spread, "--json", js, "--plot", svg}
	code, out, errs := command(line...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var r wanReport
	readJSON(t, js, &r)
	p := r.Replication
	if p.Writes != 200 || p.Lost != 0 || p.LastLess20.P99 > 1.25 || p.Stretch.P50 < 1 || p.Copies < 1 || p.Connected != 7 {
		t.Errorf("replication: %+v", p)
	}
	if len(r.Ranking) != 4 || len(r.Lookups) != 4*len(troubles) {
		t.Errorf("%d rows of ranking, %d of look-ups", len(r.Ranking), len(r.Lookups))
	}
	saved := false
	for _, row := range r.Lookups {
		saved = saved || row.Took.P99 < 500 && row.Plain.P99 > 1000
		if row.Missed > 0 || row.Took.P50 < row.Nearest || row.Hedges > .06 || row.Plain.P50 < row.Nearest {
			t.Errorf("look-ups: %+v", row)
		}
	}
	if !saved {
		t.Error("in no row hedged requests spare the wait for a stall that look-ups without them have")
	}
	if !strings.Contains(out, "Who is nearest") {
		t.Errorf("the tables say nothing of ranking:\n%s", out)
	}
	if picture, err := os.ReadFile(svg); err != nil || !bytes.Contains(picture, []byte("<svg")) {
		t.Errorf("the picture: %v, %.40q", err, picture)
	}
	_, again, _ := command(append(line[:len(line)-4:len(line)-4], "--json", "-")...)
	js2 := filepath.Join(dir, "again.json")
	os.WriteFile(js2, []byte(again), 0o600)
	var r2 wanReport
	readJSON(t, js2, &r2)
	if r2.Replication.Delay != r.Replication.Delay || r2.Lookups[len(r2.Lookups)-1] != r.Lookups[len(r.Lookups)-1] {
		t.Error("one seed told two stories")
	}
}
