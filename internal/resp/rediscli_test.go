package resp

import (
	"net"
	"os/exec"
	"strings"
	"testing"
)

// A client that nobody here wrote: redis-cli, in both protocols.
func TestRedisCLI(t *testing.T) {
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("redis-cli is not installed")
	}
	_, addr := start(t, Config{Password: "pw"})
	host, port, _ := net.SplitHostPort(addr)
	for _, proto := range []string{"-2", "-3"} {
		run := func(args ...string) string {
			t.Helper()
			cmd := exec.Command(cli, append([]string{proto, "--no-auth-warning", "-h", host, "-p", port, "-a", "pw"}, args...)...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
			return strings.TrimSpace(string(out))
		}
		for _, c := range []struct{ line, want string }{
			{"flushall", "OK"},
			{"set a 1 ex 100", "OK"},
			{"get a", "1"},
			{"mget a nope", "1"},
			{"exists a nope", "1"},
			{"set a 2 nx", ""},
			{"del a", "1"},
			{"incr a", "ERR 'incr' is not supported: a counter needs"},
			{"info server", "redis_version"},
			{"--scan", ""},
		} {
			if got := run(strings.Fields(c.line)...); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("%s %s: got %q, want %q", proto, c.line, got, c.want)
			}
		}
	}
}
