package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table is a heading and rows of cells, the first row being the names of the columns. It is written in Markdown that
// also reads well as it is. The zero value is empty.
type table struct {
	heading string
	rows    [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", t.heading)
	widths := t.widths()
	for i, row := range t.rows {
		t.line(&b, row, widths)
		if i == 0 {
			t.rule(&b, widths)
		}
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *table) widths() (widths []int) {
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 3) // the least that a rule needs
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// line has names to the left and figures to the right.
func (t *table) line(b *strings.Builder, row []string, widths []int) {
	for i, width := range widths {
		cell := ""
		if i < len(row) {
			cell = row[i]
		}
		pad := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
		if i == 0 {
			fmt.Fprintf(b, "| %s%s |", cell, pad)
		} else {
			fmt.Fprintf(b, " %s%s |", pad, cell)
		}
	}
	b.WriteByte('\n')
}

func (t *table) rule(b *strings.Builder, widths []int) {
	for i, width := range widths {
		if i == 0 {
			fmt.Fprintf(b, "|%s|", strings.Repeat("-", width+2))
		} else {
			fmt.Fprintf(b, "%s:|", strings.Repeat("-", width+1))
		}
	}
	b.WriteByte('\n')
}

// figure is a number with as many digits as matter.
func figure(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
