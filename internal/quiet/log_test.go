package quiet

import (
	"fmt"
	"testing"
	"time"
)

func TestOneLinePerSubject(t *testing.T) {
	now := time.Unix(1000, 0)
	l := New(nil, func() time.Time { return now })
	if !l.due("a") || l.due("a") || !l.due("b") {
		t.Error("not one line per subject")
	}
	now = now.Add(silence)
	if !l.due("a") {
		t.Error("silent for too long")
	}
	for i := range 2 * maxSubjects {
		l.due(fmt.Sprint(i))
	}
	if len(l.last) > maxSubjects {
		t.Errorf("%d subjects", len(l.last))
	}
}
