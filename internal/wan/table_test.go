package wan

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	table, err := Read(strings.NewReader("# a comment\nx,a,b\na,1,10\nb,20,2.5\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Between(0, 1); got != 15*time.Millisecond {
		t.Errorf("Between = %v, want the mean of both directions", got)
	}
	if got := table.Between(1, 1); got != 2500*time.Microsecond {
		t.Errorf("within a place %v", got)
	}
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	for text, says := range map[string]string{
		"":                             "0 lines",
		"x,a,b\na,1,2\n":               "2 lines",
		"x,a,b\na,1,2\nc,3,4\n":        `"c"`,
		"x,a,b\na,1,2\nb,far,4\n":      `"far"`,
		"x,a,b\na,1,2\nb,-1,4\n":       `"-1"`,
		"x,a,b\na,1,2\nb,1\n":          "fields",
		"x,a,b\na,1,2\nb,NaN,4\n":      `"NaN"`,
		"x,a,b\na,1,2\nb,1,1e9\n":      `"1e9"`,
		"x,a,b\na,1,2\nb,1,2\nc,1,2\n": "4 lines",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want a word of %s", text, err, says)
		}
	}
}

// What is drawn is what was measured: real round trips are 1.75 times of light in fibre (median).
func TestDraw(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	over, all := 0, 0
	for range 50 {
		table := Draw(len(Cities), rnd)
		place := map[string]City{}
		for _, c := range Cities {
			place[c.Region] = c
		}
		for i, a := range table.Names {
			for j, b := range table.Names[:i] {
				light := 2*kilometres(place[a], place[b])/fibreKmPerMs + 1
				all++
				if table.Ms[i][j] > 1.89*light { // exp(0.636)
					over++
				}
			}
		}
	}
	if share := float64(over) / float64(all); share < .45 || share > .55 {
		t.Errorf("%.2f of the round trips are above their median", share)
	}
}
