package main

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/geolru/geolru"
)

// newWeb is what the HTTP port serves: /metrics for Prometheus, /healthz while the process lives, /readyz once the
// node has what its peers have (or there were none to be found).
func newWeb(ctx context.Context, node *geolru.Node, addr, password string) http.Handler {
	var ready atomic.Bool
	go func() { ready.Store(node.Ready(ctx) == nil) }()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics(node))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("alive\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "still looking for peers", http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ready\n"))
	})
	return protect(mux, addr, password)
}

// metrics uses a registry of its own: the global one holds whatever a library put there.
func metrics(node *geolru.Node) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(node.Collector(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}
