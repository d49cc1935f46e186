package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

func TestGuarded(t *testing.T) {
	for addr, open := range map[string]bool{
		"": true, "127.0.0.1:1": true, "127.8.8.8:1": true, "localhost:1": true, "[::1]:1": true,
		"0.0.0.0:1": false, ":1": false, "[::]:1": false, "192.0.2.1:1": false, "example.com:1": false, "127.0.0.1": false,
	} {
		if err := guarded("resp", addr, ""); (err == nil) != open {
			t.Errorf("%q without a password: %v", addr, err)
		}
	}
	if err := guarded("resp", "0.0.0.0:1", "pw"); err != nil {
		t.Errorf("with a password: %v", err)
	}
}

func TestOwnHost(t *testing.T) {
	for host, own := range map[string]bool{
		"localhost": true, "LOCALHOST:80": true, "127.0.0.1:8380": true, "[::1]:1": true, "::1": true, "192.0.2.7:8380": true,
		"localhost.": true, "Localhost.:8380": true, "localhost..": false, "evil.example.": false,
		"": false, "evil.example": false, "192.0.2.8": false, "localhost.evil.example": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if ownHost(r, "192.0.2.7:8380") != own {
			t.Errorf("%q: %v", host, !own)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if r.Host = ""; ownHost(r, ":8380") {
		t.Error("no host is the host of a port of all addresses")
	}
}

func TestListenOn(t *testing.T) {
	for _, c := range []struct {
		given     []string
		said      bool
		bootstrap []string
		want      []string
	}{
		{nil, false, nil, []string{"/ip4/127.0.0.1/tcp/0"}},
		{nil, false, []string{"x"}, nil},
		{[]string{""}, true, nil, nil},
		{[]string{"a", "b"}, true, []string{"x"}, []string{"a", "b"}},
	} {
		if got := listenOn(c.given, c.said, c.bootstrap); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

func TestRedisAnswers(t *testing.T) {
	for raw, want := range map[string]any{
		"+OK\r\n": "OK", ":-5\r\n": int64(-5), "$-1\r\n": nil, "*-1\r\n": nil, "$0\r\n\r\n": "", "$3\r\na\r\n\r\n": "a\r\n",
		"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n": []any{int64(1), []any{"x"}},
	} {
		r := &redis{in: bufio.NewReader(strings.NewReader(raw))}
		if got, err := r.answer(0); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, %v", raw, got, err)
		}
	}
	for _, raw := range []string{
		"", "\n", "x\r\n", ":x\r\n", "$99999999999\r\n", "$-2\r\n", "*9223372036854775807\r\n", "$5\r\nab", "*2\r\n:1\r\n",
		strings.Repeat("*1\r\n", 10), "-ERR no\r\n", "HTTP/1.1 400 Bad Request\r\n",
	} {
		r := &redis{in: bufio.NewReader(strings.NewReader(raw))}
		if got, err := r.answer(0); err == nil {
			t.Errorf("%q: got %v", raw, got)
		}
	}
}

func TestVisible(t *testing.T) {
	for s, want := range map[string]string{
		"key": "key", "ключ 鍵": "ключ 鍵", "a\nb": `"a\nb"`, "\x1b[31m": `"\x1b[31m"`, "\x00": `"\x00"`, "\u202e": `"\u202e"`, "\xff": `"\xff"`,
	} {
		if got := visible(s); got != want {
			t.Errorf("%q: got %s", s, got)
		}
	}
}
