package resp

import (
	"slices"
	"strings"
)

// names of the commands that are not subcommands, sorted.
func names() []string {
	var all []string
	for name := range commands {
		if !strings.Contains(name, "|") {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func commandCount(c *client, _ [][]byte) { c.out.int(int64(len(names()))) }
func commandList(c *client, _ [][]byte)  { c.list(names()) }

// asked are the names after COMMAND INFO or COMMAND DOCS; none: all.
func asked(args [][]byte) []string {
	if len(args) == 2 {
		return names()
	}
	var all []string
	for _, a := range args[2:] {
		all = append(all, strings.ToLower(string(a)))
	}
	return all
}

func commandInfo(c *client, args [][]byte) {
	list := asked(args)
	c.out.array(len(list))
	for _, name := range list {
		c.describe(commands[name])
	}
}

// describe writes the ten fields that Redis 7 has; the last ones, which proxies and clusters use, are empty.
func (c *client) describe(d *command) {
	if d == nil {
		c.out.null()
		return
	}
	c.out.array(10)
	c.out.text(d.name)
	c.out.int(int64(d.arity))
	flags := strings.Fields(d.flags)
	c.out.array(len(flags))
	for _, f := range flags {
		c.out.status(f)
	}
	c.out.int(int64(d.keys.first))
	c.out.int(int64(d.keys.last))
	c.out.int(int64(d.keys.step))
	for range 4 { // ACL categories, tips, key specifications, subcommands
		c.out.array(0)
	}
}

func commandDocs(c *client, args [][]byte) {
	var list []string
	for _, name := range asked(args) {
		if commands[name] != nil {
			list = append(list, name)
		}
	}
	c.out.fields(len(list))
	for _, name := range list {
		c.out.text(name)
		c.out.fields(2)
		for _, f := range [][2]string{{"summary", commands[name].about}, {"group", commands[name].group}} {
			c.out.text(f[0])
			c.out.text(f[1])
		}
	}
}
