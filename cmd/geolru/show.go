package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// columns starts a table whose columns line up; it must be flushed.
func (q *asker) columns(head string) *tabwriter.Writer {
	w := tabwriter.NewWriter(q.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	return w
}

func askPeers(q *asker) error {
	peers, err := q.do("GEOLRU", "PEERS")
	if err != nil {
		return err
	}
	w := q.columns("ID\tREGION\tRTT\tLAG\tCONNECTED\tNOTE\tADDRS")
	for _, p := range list(peers) {
		f := fields(p)
		var addrs []string
		for _, a := range list(f["addrs"]) {
			addrs = append(addrs, text(a))
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%v\t%t\t%s\t%s\n", text(f["id"]), visible(text(f["region"])),
			micros(f["rtt_us"]), micros(f["lag_us"]), f["connected"] == int64(1), visible(text(f["note"])), strings.Join(addrs, " "))
	}
	return w.Flush()
}

func askExplain(q *asker) error {
	holdings, err := q.do("GEOLRU", "EXPLAIN", q.word(0))
	if err != nil {
		return err
	}
	w := q.columns("NODE\tREGION\tSTATE\tWRITTEN\tBY\tUNTIL\tERROR")
	for _, h := range list(holdings) {
		f := fields(h)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", text(f["node"]), visible(text(f["region"])), text(f["state"]),
			moment(f["written_ms"]), text(f["writer"]), moment(f["deadline_ms"]), visible(text(f["error"])))
	}
	return w.Flush()
}

func askStats(q *asker) error {
	stats, err := q.do("GEOLRU", "STATS")
	if err != nil {
		return err
	}
	w := q.columns("NAME\tVALUE")
	pairs := list(stats)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(w, "%s\t%v\n", text(pairs[i]), pairs[i+1])
	}
	return w.Flush()
}

// What follows reads answers whose shape is known; another shape reads as empty.

func list(answer any) []any    { all, _ := answer.([]any); return all }
func text(answer any) string   { s, _ := answer.(string); return s }
func number(answer any) int64  { n, _ := answer.(int64); return n }
func micros(answer any) string { return (time.Duration(number(answer)) * time.Microsecond).String() }

// fields reads a map, which RESP2 writes as a list of names and values.
func fields(answer any) map[string]any {
	m := map[string]any{}
	pairs := list(answer)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[text(pairs[i])] = pairs[i+1]
	}
	return m
}

// moment is a time of Unix milliseconds, or a dash if there is none.
func moment(answer any) string {
	if ms := number(answer); ms != 0 {
		return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return "-"
}

// visible is s if a terminal shows all of it, else quoted: a key may hold newlines and escape sequences.
func visible(s string) string {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
