package main

import (
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// guarded refuses a port that anyone could reach and nobody would be asked for a password on.
func guarded(flag, addr, password string) error {
	if addr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usagef("--%s: %w", flag, err)
	}
	if password == "" && !loopback(host) {
		return usagef("--%s %s: not a loopback address, so everybody could read and write; give a --password-file", flag, addr)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// protect answers only requests that name this server in their Host, so that a web page whose name was made to lead to
// loopback (DNS rebinding) reads nothing, and that bring the password if there is one. addr is the address of the port.
func protect(next http.Handler, addr, password string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !ownHost(r, addr):
			http.Error(w, "this Host is not served here", http.StatusMisdirectedRequest)
		case password != "" && !knows(r, password):
			w.Header().Set("WWW-Authenticate", `Basic realm="geolru"`)
			http.Error(w, "password needed", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ownHost: a name of loopback, the host that was listened on, or the address that the request came to.
func ownHost(r *http.Request, addr string) bool {
	host := bare(r.Host)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return loopback(host) || host == bare(addr) && host != "" || local != nil && host == bare(local.String())
}

// bare takes the port off, the brackets of an IPv6 address, and the dot at the end of a whole name.
func bare(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func knows(r *http.Request, password string) bool {
	_, given, ok := r.BasicAuth()
	return ok && subtle.ConstantTimeCompare([]byte(given), []byte(password)) == 1
}
