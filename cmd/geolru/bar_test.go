package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestBarStaysBelowTheLog(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out)
	b.Write([]byte("one\n"))
	b.show(0.5)
	b.show(0.501) // the same to look at
	b.Write([]byte("two\n"))
	b.show(1)
	b.Write([]byte("three\n"))
	half := "filling the cache [" + strings.Repeat("#", 15) + strings.Repeat(".", 15) + "] 50 %"
	if want := "one\n" + eraseLine + half + eraseLine + "two\n" + half + eraseLine + "three\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestBarEndsWhenTheCacheIsFull(t *testing.T) {
	var out bytes.Buffer
	shares := []float64{0, 0.25, 1}
	newBar(&out).follow(context.Background(), func() float64 {
		s := shares[0]
		shares = shares[1:]
		return s
	})
	if !strings.Contains(out.String(), "] 25 %") || !strings.HasSuffix(out.String(), eraseLine) {
		t.Errorf("%q", out.String())
	}
}
