package main

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A chart in a picture.
const (
	chartWidth  = 16 * vg.Centimeter
	chartHeight = 10 * vg.Centimeter
	chartGap    = 5 * vg.Millimeter
	legendGap   = .6 * vg.Millimeter // between its lines: the letters of one font are higher than those of another
	legendRoom  = .07                // of a chart's height, for each line
)

// picture is the file that charts are drawn into. The zero value is none: nothing is drawn.
type picture struct{ file, format string }

// newPicture checks the name before anything is measured for it; "" = no picture.
func newPicture(file string) (picture, error) {
	if file == "" {
		return picture{}, nil
	}
	format := strings.TrimPrefix(filepath.Ext(file), ".")
	if formats := []string{"svg", "png"}; !slices.Contains(formats, format) {
		return picture{}, usagef("--plot %s: a picture ends in one of %v", file, formats)
	}
	return picture{file, format}, nil
}

// save draws charts in so many columns.
func (p picture) save(charts []*plot.Plot, columns int) error {
	if p.file == "" {
		return nil
	}
	if len(charts) == 0 {
		return fmt.Errorf("draw %s: nothing was measured that could be drawn", p.file)
	}
	columns = min(columns, len(charts))
	rows := (len(charts) + columns - 1) / columns
	canvas, err := draw.NewFormattedCanvas(vg.Length(columns)*chartWidth, vg.Length(rows)*chartHeight, p.format)
	if err != nil {
		return fmt.Errorf("draw %s: %w", p.file, err)
	}
	if p.format == "svg" {
		canvas = &fitted{CanvasWriterTo: canvas}
	}
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: chartGap, PadY: chartGap,
		PadTop: chartGap, PadBottom: chartGap, PadLeft: chartGap, PadRight: chartGap}
	for i, c := range charts {
		c.Draw(tiles.At(draw.New(canvas), i%columns, i/columns))
	}
	return toFile(p.file, func(w io.Writer) error { _, err := canvas.WriteTo(w); return err })
}

// fitted is an SVG whose texts are as wide as they were taken to be, whatever font the viewer has: labels end where bars begin.
// Viewers that do not heed textLength have the same widths from the first of the fonts that they know; Times New Roman's
// are those that Liberation Serif was made to have.
type fitted struct {
	vg.CanvasWriterTo
	widths []vg.Length // of the texts, in order
}

// FillString draws a text.
func (c *fitted) FillString(face font.Face, at vg.Point, text string) {
	c.widths = append(c.widths, face.Width(text))
	c.CanvasWriterTo.FillString(face, at, text)
}

// WriteTo writes the picture.
func (c *fitted) WriteTo(w io.Writer) (int64, error) {
	var plain bytes.Buffer
	if _, err := c.CanvasWriterTo.WriteTo(&plain); err != nil {
		return 0, err
	}
	const text, family, families = "<text ", "font-family:Liberation Serif;", "font-family:Liberation Serif,Times New Roman,Tinos,Nimbus Roman,Times,serif;"
	var out bytes.Buffer
	svg := bytes.ReplaceAll(plain.Bytes(), []byte(family), []byte(families))
	for i, part := range bytes.SplitAfter(svg, []byte(text)) {
		if i > 0 {
			fmt.Fprintf(&out, `textLength="%.2f" lengthAdjust="spacingAndGlyphs" `, c.widths[i-1].Points())
		}
		out.Write(part)
	}
	return out.WriteTo(w)
}

// newChart is a chart on a white ground, with its legend to the right above.
func newChart(title, x, y string) *plot.Plot {
	c := plot.New()
	c.Title.Text, c.X.Label.Text, c.Y.Label.Text = title, x, y
	c.Legend.Top = true
	c.Legend.TextStyle.Font.Size, c.Legend.Padding = vg.Points(8), legendGap
	return c
}

// colour is the one of the i-th line or group of bars: a dozen that differ.
func colour(i int) color.Color {
	if i < len(plotutil.DarkColors) {
		return plotutil.DarkColors[i]
	}
	return plotutil.SoftColors[i%len(plotutil.SoftColors)]
}
