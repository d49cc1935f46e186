package main

import (
	"encoding/json"
	"testing"
)

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 20 s")
	}
	t.Parallel()
	out, errs, code := runBinary(t, "", "demo", "--json")
	var said struct {
		Held   bool
		Stages []outcome
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != 0 || !said.Held || len(said.Stages) != len(stages) {
		t.Fatalf("exit %d, %v\n%s\n%s", code, err, out, errs)
	}
	for _, o := range said.Stages {
		t.Log(o.Title, o.Said)
	}
}
