package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/geolru/geolru"
)

const (
	keepFor   = 24 * time.Hour   // messages
	presentIn = 30 * time.Second // without a sign of life, one is no longer here
	signEvery = 10 * time.Second
	anewEvery = 3 // signs; see stay
)

// entry is a message, or a name on the roster.
type entry struct {
	Name string
	Text string `cbor:",omitempty"`
}

// room is one participant's part in a chat. It must be made by enter; its methods are safe for concurrent use.
//
// Its keys: ROOM/said/TIME/NODE for messages, with a time of a fixed width, so that the order of keys is the order of
// messages, and the node, so that two at the same time are two; ROOM/here/NODE for the roster.
type room struct {
	node  *geolru.Node
	cache *geolru.Cache[entry]
	me    entry
	said  string // prefix of messages
	here  string // prefix of the roster

	mu     sync.Mutex
	latest int64 // guarded by mu: the time of the last message said or heard, Unix nanoseconds
}

// enter opens the cache and puts the name on the roster.
func enter(node *geolru.Node, name, who string) (*room, error) {
	cache, err := geolru.Open(geolru.Options[entry]{Name: "chat", Node: node, TTL: keepFor})
	if err != nil {
		return nil, err
	}
	prefix := url.PathEscape(name) + "/"
	r := &room{node: node, cache: cache, me: entry{Name: who}, said: prefix + "said/", here: prefix + "here/"}
	return r, r.sign()
}

// say sends a message.
func (r *room) say(text string) error {
	key := fmt.Sprintf("%s%020d/%s", r.said, r.tick(time.Now().UnixNano()), r.node.ID())
	return r.cache.Set(key, entry{Name: r.me.Name, Text: text})
}

// tick is a time for a message that is later than all that was said or heard before: an answer is shown below its
// question though the clock of who answers is behind.
func (r *room) tick(now int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest = max(now, r.latest+1)
	return r.latest
}

// heard notes the time of a message of another.
func (r *room) heard(key string) {
	var at int64
	if _, err := fmt.Sscanf(strings.TrimPrefix(key, r.said), "%020d/", &at); err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest = max(r.latest, at)
}

// sign is a sign of life: a touch of the name on the roster, or the name itself if it is not there any more.
func (r *room) sign() error {
	err := r.cache.Touch(r.here+r.node.ID(), presentIn)
	if errors.Is(err, geolru.ErrNotFound) {
		return r.signAnew()
	}
	return err
}

func (r *room) signAnew() error { return r.cache.SetTTL(r.here+r.node.ID(), r.me, presentIn) }

// stay signs until ctx ends. Now and then it writes the name anew: a touch lengthens a life, but does not bring back
// what has expired on the other side of a cut.
func (r *room) stay(ctx context.Context) {
	every := time.NewTicker(signEvery)
	defer every.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if n%anewEvery == 0 {
			r.signAnew()
		} else {
			r.sign()
		}
	}
}

// leave takes the name off the roster and, if there is anybody, waits a moment until one of them has what was said.
func (r *room) leave() {
	r.cache.Delete(r.here + r.node.ID())
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if slices.ContainsFunc(r.node.Peers(), func(p geolru.Peer) bool { return p.Connected }) {
		r.cache.Sync(ctx, 1)
	}
}

// names are those on the roster, sorted.
func (r *room) names() []string {
	var all []string
	for key, e := range r.cache.All() {
		if strings.HasPrefix(key, r.here) {
			all = append(all, e.Name)
		}
	}
	slices.Sort(all)
	return all
}

// message is an entry with its key.
type message struct {
	key string
	entry
}

// backlog is what was said, in no order.
func (r *room) backlog() []message {
	var all []message
	for key, e := range r.cache.All() {
		if strings.HasPrefix(key, r.said) {
			all = append(all, message{key, e})
		}
	}
	return all
}
