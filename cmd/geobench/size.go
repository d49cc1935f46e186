package main

import (
	"slices"
	"strconv"
	"strings"
)

// leastShare is the smallest cache that a share of a trace's keys may make: below, the sharded ones are a handful of
// entries a shard, which nobody would run.
const leastShare = 64

// defaultSizes are shares of the keys, and sizes at which a cache has shards.
var defaultSizes = []string{"0.1%", "1%", "5%", "10%", "4096", "16384", "65536"}

// size is how large a cache is to be: entries, or a share of a trace's keys. The zero value is of no entries.
type size struct {
	share   float64 // percent; 0 = entries
	entries int
}

func parseSize(text string) (size, error) {
	if number, isShare := strings.CutSuffix(text, "%"); isShare {
		share, err := strconv.ParseFloat(number, 64)
		if err != nil || !(share > 0 && share <= 100) {
			return size{}, usagef("--size %q is not a share of more than 0%% and at most 100%%", text)
		}
		return size{share: share}, nil
	}
	entries, err := strconv.Atoi(text)
	if err != nil || entries < 1 {
		return size{}, usagef("--size %q is neither a number of entries nor a share such as 1%%", text)
	}
	return size{entries: entries}, nil
}

func parseSizes(texts []string) (sizes []size, err error) {
	for _, text := range texts {
		s, err := parseSize(text)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, s)
	}
	return sizes, nil
}

// entriesOf is the sizes in entries for a trace of so many keys, in order, each once: not those of too small a share,
// nor those in which all keys have room.
func entriesOf(sizes []size, distinct int) (entries []int) {
	for _, s := range sizes {
		n, least := s.entries, 1
		if s.share > 0 {
			n, least = int(s.share/100*float64(distinct)), leastShare
		}
		if n >= least && n < distinct {
			entries = append(entries, n)
		}
	}
	slices.Sort(entries)
	return slices.Compact(entries)
}
