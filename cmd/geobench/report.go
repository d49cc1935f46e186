package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
)

// surroundings is what figures depend on and do not show.
type surroundings struct {
	When     time.Time         `json:"when"`
	Go       string            `json:"go"`
	System   string            `json:"system"`
	CPUs     int               `json:"cpus"`
	Versions map[string]string `json:"versions"`
}

func about[V any](all []caches.Contender[V]) surroundings {
	return surroundings{
		When: time.Now().UTC().Truncate(time.Second), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Versions: versionsOf(all),
	}
}

// title is the surroundings as a table.
func (s surroundings) title(of string) *table {
	t := &table{heading: s.heading(of)}
	t.row("cache", "version")
	for _, c := range caches.All[int64]() {
		if v, ok := s.Versions[c.Name]; ok {
			t.row(c.Name, v)
		}
	}
	return t
}

func (s surroundings) heading(of string) string {
	return fmt.Sprintf("# %s\n\n%s, %s, %d CPUs, %s", of, s.Go, s.System, s.CPUs, s.When.Format(time.RFC3339))
}

// outputs is the picture of --plot. It looks at where that and --json go before anything is measured for them.
func outputs(cmd *cli.Command) (picture, error) {
	for _, flag := range []string{"json", "plot"} {
		file := cmd.String(flag)
		if dir, err := os.Stat(filepath.Dir(file)); file != "" && (err != nil || !dir.IsDir()) {
			return picture{}, usagef("--%s %s: there is no directory %s", flag, file, filepath.Dir(file))
		}
	}
	return newPicture(cmd.String("plot"))
}

// publish writes the tables, and the report as JSON where --json says.
func publish(cmd *cli.Command, report any, tables []*table) error {
	out := cmd.Root().Writer
	file := cmd.String("json")
	if file == "-" {
		return writeJSON(out, report)
	}
	for _, t := range tables {
		if err := t.write(out); err != nil {
			return err
		}
	}
	if file == "" {
		return nil
	}
	return toFile(file, func(w io.Writer) error { return writeJSON(w, report) })
}

// earlier reads the report that --json wrote to the file of --from, if that is given. What is to be measured cannot be
// said as well.
func earlier(cmd *cli.Command, report any) (given bool, err error) {
	file := cmd.String("from")
	if file == "" {
		return false, nil
	}
	for _, name := range cmd.LocalFlagNames() {
		if !slices.Contains([]string{"from", "json", "plot"}, name) {
			return true, usagef("%s: --from measures nothing, so --%s has no sense beside it", cmd.Name, name)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return true, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // another command's figures
	if err := d.Decode(report); err != nil {
		return true, fmt.Errorf("%s: --from %s: %w", cmd.Name, file, err)
	}
	return true, nil
}

func writeJSON(w io.Writer, report any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(report)
}

// toFile writes a file, and says so if the last of it does not arrive.
func toFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = write(f)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
