package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/geolru/geolru/cmd/geobench/internal/links"
)

// asSide has a process of the test be a side of a link.
const asSide = "GEOBENCH_TEST_SIDE"

func TestMain(m *testing.M) {
	if os.Getenv(asSide) != "" {
		os.Exit(run(context.Background(), append([]string{"geobench"}, os.Args[1:]...), os.Stdout, os.Stderr))
	}
	self := program
	program = func(args ...string) (*exec.Cmd, error) {
		cmd, err := self(args...)
		if err == nil {
			cmd.Env = append(os.Environ(), asSide+"=1")
		}
		return cmd, err
	}
	os.Exit(m.Run())
}

// Every link that can be measured here brings every record over, in two processes, and every figure is there.
func TestReplicate(t *testing.T) {
	r := &replicateRun{
		plan:    replicatePlan{Rounds: 1, Records: 2000, Seconds: 0.05},
		skipped: map[string]string{}, progress: newProgress(&bytes.Buffer{}),
	}
	if err := r.choose(nil); err != nil {
		t.Fatal(err)
	}
	report, err := r.run()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(report.Links)+len(report.Skipped), len(links.All()); got != want {
		t.Errorf("%d links measured or skipped, want %d", got, want)
	}
	for _, row := range report.Links {
		if row.Burst.Rate <= 0 || row.Burst.Lost != 0 || row.Calm.Seen != 5 || row.Busy.Seen != 500 || row.Busy.P99 <= 0 {
			t.Errorf("%+v", row)
		}
		const least = keyBytes + valueBytes
		if row.Burst.Bytes != 0 && row.Burst.Bytes < least {
			t.Errorf("%s: %v bytes on the wire for each record of %d", row.Link, row.Burst.Bytes, least)
		}
	}
	var b bytes.Buffer
	for _, table := range report.tables() {
		if err := table.write(&b); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(report.charts()); got != 3 {
		t.Errorf("%d charts, want 3", got)
	}
	if !bytes.Contains(b.Bytes(), []byte(fmt.Sprint(report.Links[0].Link))) {
		t.Errorf("the tables do not name the first link:\n%s", b.String())
	}
}

// A link that fails costs its own figures only.
func TestLinkThatFails(t *testing.T) {
	r := &replicateRun{
		plan:    replicatePlan{Rounds: 2, Records: 100, Seconds: 0.01},
		skipped: map[string]string{}, progress: newProgress(&bytes.Buffer{}),
		links: []links.Link{{Name: "carrier pigeon"}, links.All()[1]},
	}
	report, err := r.run()
	if err == nil || !strings.Contains(err.Error(), "carrier pigeon failed in round 2 of 2") {
		t.Errorf("the error is %v", err)
	}
	if len(report.Links) != 1 || len(report.Links[0].Samples) != 2 || report.Skipped["carrier pigeon"] == "" {
		t.Errorf("measured is %+v, skipped %v", report.Links, report.Skipped)
	}
}

func TestSideThatFails(t *testing.T) {
	if _, err := newLinkPair("carrier pigeon", t.TempDir()); err == nil {
		t.Error("a link that there is not was opened")
	}
}

// What is measured is told with its version, also where it is no module.
func TestVersionsOfLinks(t *testing.T) {
	for _, l := range links.All() {
		if l.Missing != nil && l.Missing() != "" {
			continue
		}
		version := linkSurroundings([]links.Link{l}).Versions[l.Name]
		if told := version != ""; told == (l.Name == "tcp stream") {
			t.Errorf("the version of %s is %q", l.Name, version)
		}
	}
}
