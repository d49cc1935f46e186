package wan

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// Table is figures in milliseconds between any two of some places, such as round trips. The zero value has no places.
type Table struct {
	Names []string
	Ms    [][]float64 // by the places of the names; [i][i] is within one place
}

// Read reads a table: CSV, lines that begin with # are comments, the first other line is the names behind a cell of no
// meaning, each further line a name and its figures. Errors name the line.
func Read(r io.Reader) (*Table, error) {
	in := csv.NewReader(r)
	in.Comment = '#'
	rows, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("wan: read table: %w", err)
	}
	if len(rows) < 3 || len(rows) != len(rows[0]) {
		return nil, fmt.Errorf("wan: read table: %d lines, want a line of names and one for each of at least two", len(rows))
	}
	t := &Table{Names: rows[0][1:]}
	for i, row := range rows[1:] {
		if row[0] != t.Names[i] {
			return nil, fmt.Errorf("wan: read table: line of %q, want %q", row[0], t.Names[i])
		}
		figures, err := parse(row[1:])
		if err != nil {
			return nil, fmt.Errorf("wan: read table: line of %q: %w", row[0], err)
		}
		t.Ms = append(t.Ms, figures)
	}
	return t, nil
}

func parse(cells []string) ([]float64, error) {
	var figures []float64
	for _, cell := range cells {
		ms, err := strconv.ParseFloat(cell, 64)
		if err != nil || ms < 0 || ms > 1e5 || math.IsNaN(ms) {
			return nil, fmt.Errorf("%q is no number of milliseconds", cell)
		}
		figures = append(figures, ms)
	}
	return figures, nil
}

// Draw is a table of n of the Cities, chosen and drawn from rnd; n is at most as many as there are. Within a place it is
// 1 ms.
func Draw(n int, rnd *rand.Rand) *Table {
	t := &Table{Ms: make([][]float64, n)}
	chosen := rnd.Perm(len(Cities))[:n]
	for i, c := range chosen {
		t.Names = append(t.Names, Cities[c].Region)
		t.Ms[i] = make([]float64, n)
		t.Ms[i][i] = 1
		for j := range i {
			t.Ms[i][j] = float64(Path(Cities[c], Cities[chosen[j]], rnd)) / float64(time.Millisecond)
			t.Ms[j][i] = t.Ms[i][j]
		}
	}
	return t
}

// Between is the figure between two places, as a time; of the two directions that were measured the mean.
func (t *Table) Between(i, j int) time.Duration {
	return time.Duration((t.Ms[i][j] + t.Ms[j][i]) / 2 * float64(time.Millisecond))
}
