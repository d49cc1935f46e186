package sim_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"
)

// resume takes up what was kept in the file of -resume, if there is one.
func resume(t *testing.T, what any) {
	if *resumeIn == "" {
		return
	}
	b, err := os.ReadFile(*resumeIn)
	if err == nil {
		err = json.Unmarshal(b, what)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

// keep keeps it for the next time.
func keep(t *testing.T, what any) {
	if *resumeIn == "" {
		return
	}
	b, err := json.MarshalIndent(what, "", "\t")
	if err == nil {
		err = os.WriteFile(*resumeIn, b, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
