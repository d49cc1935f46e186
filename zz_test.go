package geolru

import ("testing";"time";"fmt";"log/slog";"os")

func TestZZ(t *testing.T) {
	nodes := meshed(t, 2)
	_ = slog.New(slog.NewTextHandler(os.Stderr, nil))
	c := replicas(t, nodes, Options[string]{})
	for i := range 100 { c[0].Set(fmt.Sprint(i), "last words") }
	s := time.Now()
	c[0].Close()
	fmt.Println("cache close", time.Since(s)); s = time.Now()
	nodes[0].Close()
	fmt.Println("node close", time.Since(s)); s = time.Now()
	eventually(t, "they arrive", func() bool { return c[1].Len() == 100 })
	fmt.Println("arrive", time.Since(s))
}
func TestZW(t *testing.T) {
	nodes := meshed(t, 3)
	s := time.Now()
	c := replicas(t, nodes, Options[string]{})
	fmt.Println("ready", time.Since(s)); s = time.Now()
	for i, w := range c {
		w.Set(fmt.Sprint(i), "x")
		w.Sync(soon(t), 2)
		fmt.Println("sync", i, time.Since(s)); s = time.Now()
	}
	w := c[0]
	w.Set("later", "x")
	w.Sync(soon(t), 2)
	fmt.Println("sync later", time.Since(s)); s = time.Now()
}
