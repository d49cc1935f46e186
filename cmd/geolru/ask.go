package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/urfave/cli/v3"
)

// question is a command that asks a running node. Its words are the arguments; ask prints the answer.
type question struct {
	name, usage, args string
	least, most       int // arguments; most < 0: any number
	flags             []cli.Flag
	ask               func(q *asker) error
}

// asker is one question under way.
type asker struct {
	*redis
	cmd *cli.Command
	out io.Writer
}

func (q *asker) word(i int) string { return q.cmd.Args().Get(i) }

var questions = []question{
	{name: "get", usage: "print the value of a key, from the node or its nearest peer", args: "KEY", least: 1, most: 1, ask: askGet},
	{name: "set", usage: "write a value; - reads it from standard input", args: "KEY VALUE", least: 2, most: 2, ask: askSet,
		flags: []cli.Flag{&cli.DurationFlag{Name: "ttl", Usage: "life of the entry; 0: the longest that the cache allows"}}},
	{name: "del", usage: "delete keys on every node; print how many the node held", args: "KEY...", least: 1, most: -1, ask: askDel},
	{name: "ttl", usage: "print the life that a key has left", args: "KEY", least: 1, most: 1, ask: askTTL},
	{name: "keys", usage: "print the keys that the node holds, and that match", args: "[PATTERN]", most: 1, ask: askKeys},
	{name: "peers", usage: "print the other nodes, nearest first", ask: askPeers},
	{name: "explain", usage: "print what each reachable node knows of a key", args: "KEY", least: 1, most: 1, ask: askExplain},
	{name: "stats", usage: "print what the cache of the node has done and holds", ask: askStats},
}

func askCommands() []*cli.Command {
	var all []*cli.Command
	for _, q := range questions {
		all = append(all, &cli.Command{
			Name: q.name, Usage: q.usage, ArgsUsage: q.args, Category: "ask a running node",
			Flags:  append([]cli.Flag{addrFlag(), passwordFlag("file with the password of that port, if it has one")}, q.flags...),
			Action: q.run,
		})
	}
	return all
}

func addrFlag() cli.Flag {
	return &cli.StringFlag{Name: "addr", Value: defaultRESP, Usage: "RESP port of the node"}
}

// run connects, asks, and names the question in its error.
func (q question) run(ctx context.Context, cmd *cli.Command) error {
	if err := arguments(cmd, q.least, q.most); err != nil {
		return err
	}
	password, err := readSecret("password-file", cmd.String("password-file"))
	if err != nil {
		return err
	}
	r, err := dialRedis(ctx, cmd.String("addr"), password)
	if err != nil {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	defer r.Close()
	if err := q.ask(&asker{r, cmd, cmd.Root().Writer}); err != nil {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	return nil
}

func askGet(q *asker) error {
	value, err := q.do("GET", q.word(0))
	switch v := value.(type) {
	case string:
		fmt.Fprintln(q.out, v)
	case nil:
		if err == nil {
			return notFound(q.word(0))
		}
	}
	return err
}

func notFound(key string) error { return fmt.Errorf("%q: not found", key) }

func askSet(q *asker) error {
	value := q.word(1)
	if value == "-" {
		b, err := io.ReadAll(q.cmd.Root().Reader)
		if err != nil {
			return fmt.Errorf("read value: %w", err)
		}
		value = string(b)
	}
	words := []string{"SET", q.word(0), value}
	if ttl := q.cmd.Duration("ttl"); ttl != 0 {
		words = append(words, "PX", strconv.FormatInt(ttl.Milliseconds(), 10))
	}
	_, err := q.do(words...)
	return err
}

func askDel(q *asker) error {
	n, err := q.do(append([]string{"DEL"}, q.cmd.Args().Slice()...)...)
	if err == nil {
		fmt.Fprintln(q.out, n)
	}
	return err
}

func askTTL(q *asker) error {
	answer, err := q.do("PTTL", q.word(0))
	ms, _ := answer.(int64)
	switch {
	case err != nil:
		return err
	case ms < 0:
		return notFound(q.word(0))
	}
	fmt.Fprintln(q.out, time.Duration(ms)*time.Millisecond)
	return nil
}

// askKeys goes through the keys a page at a time, so that the node is never busy with all of them. A key that moved
// meanwhile may come twice, as in Redis.
func askKeys(q *asker) error {
	pattern := "*"
	if q.cmd.Args().Len() > 0 {
		pattern = q.word(0)
	}
	for cursor := "0"; ; {
		answer, err := q.do("SCAN", cursor, "MATCH", pattern, "COUNT", "1000")
		if err != nil {
			return err
		}
		page, _ := answer.([]any)
		if len(page) != 2 {
			return fmt.Errorf("the node does not answer as geolru does")
		}
		for _, key := range list(page[1]) {
			fmt.Fprintln(q.out, visible(text(key)))
		}
		if cursor = text(page[0]); cursor == "0" {
			return nil
		}
	}
}
