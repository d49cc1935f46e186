package geo

import "testing"

func TestMeshScoreIsForKinAlone(t *testing.T) {
	for _, c := range []struct {
		own, other string
		good       bool
	}{{"eu", "eu", true}, {"eu", "us", false}, {"eu", "", false}, {"", "eu", false}, {"", "", false}} {
		got := MeshScoreOf(c.own, c.other)
		if got < 0 || got >= GoodScore != c.good {
			t.Errorf("MeshScoreOf(%q, %q) = %v; good: want %v", c.own, c.other, got, c.good)
		}
	}
}
