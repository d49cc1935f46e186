package main

import (
	"slices"

	"github.com/geolru/geolru/cmd/geobench/internal/caches"
)

// pick is the contenders of the names that were asked for, all if none were.
func pick[V any](names []string) ([]caches.Contender[V], error) {
	all := caches.All[V]()
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(c caches.Contender[V]) bool { return c.Name == name }) {
			return nil, usagef("there is no cache %q; there are %q", name, namesOf(all))
		}
	}
	return slices.DeleteFunc(all, func(c caches.Contender[V]) bool { return !slices.Contains(names, c.Name) }), nil
}

func namesOf[V any](all []caches.Contender[V]) (names []string) {
	for _, c := range all {
		names = append(names, c.Name)
	}
	return names
}

// versionsOf is the versions of the contenders, as this program was built.
func versionsOf[V any](all []caches.Contender[V]) map[string]string {
	versions := map[string]string{}
	for _, c := range all {
		if c.Module != "" {
			versions[c.Name] = caches.Version(c.Module)
		}
	}
	return versions
}
