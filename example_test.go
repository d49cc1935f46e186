package geolru_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/geolru/geolru"
)

type User struct {
	Name string
	Tags []string
}

// A cache in this process alone: one line, and nothing to configure.
func Example() {
	users, err := geolru.Open(geolru.Options[User]{
		Load: func(ctx context.Context, id string) (User, error) {
			fmt.Println("asking the database for", id)
			return User{Name: "ann"}, nil
		},
	})
	if err != nil {
		panic(err)
	}
	defer users.Close()

	ctx := context.Background()
	for range 2 {
		u, err := users.Get(ctx, "42")
		fmt.Println(u.Name, err)
	}
	// Output:
	// asking the database for 42
	// ann <nil>
	// ann <nil>
}

// The same cache on two nodes. In production each process joins once, with a Secret, and finds the others by Bootstrap.
func ExampleJoin() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	frankfurt, err := geolru.Join(ctx, geolru.Mesh{Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Region: "eu"})
	if err != nil {
		panic(err)
	}
	defer frankfurt.Close()
	virginia, err := geolru.Join(ctx, geolru.Mesh{Bootstrap: frankfurt.Addrs(), Region: "us"})
	if err != nil {
		panic(err)
	}
	defer virginia.Close()

	here, err := geolru.Open(geolru.Options[User]{Name: "users", Node: frankfurt})
	if err != nil {
		panic(err)
	}
	there, err := geolru.Open(geolru.Options[User]{Name: "users", Node: virginia})
	if err != nil {
		panic(err)
	}

	here.Set("42", User{Name: "ann"})
	n, err := here.Sync(ctx, 1) // for the example; Get over there would ask here
	fmt.Println(n, err)
	u, ok := there.GetIfPresent("42")
	fmt.Println(u.Name, ok)
	// Output:
	// 1 <nil>
	// ann true
}

func ExampleCache_Get() {
	c, _ := geolru.Open(geolru.Options[string]{})
	defer c.Close()

	_, err := c.Get(context.Background(), "nothing")
	fmt.Println(errors.Is(err, geolru.ErrNotFound))
	// Output: true
}

func ExampleCache_SetTTL() {
	c, _ := geolru.Open(geolru.Options[string]{TTL: time.Hour})
	defer c.Close()

	fmt.Println(c.SetTTL("session", "ann", 10*time.Minute))
	fmt.Println(errors.Is(c.SetTTL("session", "ann", 2*time.Hour), geolru.ErrTTL))
	at, ok := c.Deadline("session")
	fmt.Println(ok, time.Until(at) <= 10*time.Minute)
	// Output:
	// <nil>
	// true
	// true true
}

// A value is shared by all its readers: clone what is changed.
func ExampleCache_Update() {
	c, _ := geolru.Open(geolru.Options[User]{})
	defer c.Close()

	c.Set("42", User{Name: "ann"})
	for _, tag := range []string{"admin", "early"} {
		c.Update("42", geolru.KeepTTL, func(u User, ok bool) (User, geolru.Op) {
			if !ok {
				return u, geolru.OpKeep
			}
			u.Tags = append(slices.Clone(u.Tags), tag)
			return u, geolru.OpWrite
		})
	}
	u, _ := c.GetIfPresent("42")
	fmt.Println(u.Tags)
	// Output: [admin early]
}

// A mirror of part of a cache: what is there, and then every change.
func ExampleCache_Watch() {
	c, _ := geolru.Open(geolru.Options[int]{})
	defer c.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	c.Set("room/a", 1)
	events := c.Watch(ctx, "room/") // from here on nothing is missed
	for key, n := range c.All() {
		fmt.Println("has", key, n)
	}
	c.Set("room/b", 2)
	c.Set("elsewhere", 3)
	c.Delete("room/a")
	for e := range events {
		fmt.Println(e.Kind, e.Key, e.Value)
		if e.Kind == geolru.EventDelete {
			break
		}
	}
	// Output:
	// has room/a 1
	// put room/b 2
	// delete room/a 0
}

func ExampleOptions_onEvict() {
	c, _ := geolru.Open(geolru.Options[string]{
		Capacity: 2,
		OnEvict: func(key, value string, why geolru.Cause) {
			fmt.Println(key, "went:", why)
		},
	})
	defer c.Close()

	c.Set("a", "1")
	c.Set("b", "2")
	c.GetIfPresent("a")
	c.Set("c", "3")
	c.Delete("a")
	// Output:
	// b went: capacity
	// a went: deleted
}
