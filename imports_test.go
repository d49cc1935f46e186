package geolru

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/geolru/geolru"

// rules is who may import what beside the standard library: packages of this module by their path in it, others by
// the beginning of their path. A package that is not here is a violation, so that a new one is thought about.
var rules = map[string][]string{
	"crdt":               nil,
	"lru":                nil,
	"ttl":                nil,
	"geo":                nil,
	"internal/plant":     nil,
	"internal/quiet":     nil,
	"internal/wan":       nil,
	"internal/vectors":   nil,
	"internal/wire":      {"crdt", "github.com/fxamacker/cbor/v2"},
	"internal/store":     {"crdt", "lru", "ttl", "internal/plant"},
	"internal/replica":   {"crdt", "geo", "internal/store", "internal/wire", "internal/plant", "internal/quiet"},
	"internal/snapshot":  {"crdt", "internal/store", "internal/wire"},
	"internal/sim":       {"crdt", "geo", "internal/store", "internal/wire", "internal/replica", "internal/snapshot"},
	"internal/packetnet": {"github.com/marcopolo/simnet"},
	"p2p":                {"geo", "internal/quiet", "github.com/libp2p/", "github.com/multiformats/", "github.com/prometheus/", "golang.org/x/crypto/"},
	".": {
		"crdt", "lru", "ttl", "geo", "p2p", "internal/wire", "internal/store", "internal/replica", "internal/snapshot",
		"github.com/fxamacker/cbor/v2", "github.com/prometheus/", "golang.org/x/sync/",
	},
	"internal/resp": {".", "github.com/tidwall/redcon"},
	"cmd/geolru":    {".", "internal/resp", "github.com/prometheus/", "github.com/urfave/cli/"},
	"cmd/geochat":   {".", "github.com/urfave/cli/"},
}

// apart is what of the standard library a library has no business with: it is no server, no page, no command.
var apart = []string{"net/http", "html", "html/template", "text/template", "embed", "flag", "os/exec", "os/signal"}

func TestImports(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || hasOwnModule(path)):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			checkFile(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// hasOwnModule tells of a folder whose dependencies are not ours.
func hasOwnModule(path string) bool {
	found, _ := filepath.Glob(filepath.Join(path, "go.mod"))
	return path != "." && len(found) > 0
}

func checkFile(t *testing.T, path string) {
	pkg := filepath.ToSlash(filepath.Dir(path))
	may, known := rules[pkg]
	if !known && !strings.HasPrefix(pkg, "cmd/") {
		t.Errorf("%s: package %s has no rule", path, pkg)
		return
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, imp := range file.Imports {
		name, _ := strconv.Unquote(imp.Path.Value)
		if !allowed(pkg, name, may) {
			t.Errorf("%s may not import %s", path, name)
		}
	}
}

func allowed(pkg, name string, may []string) bool {
	if within, ours := inModule(name); ours {
		return slices.Contains(may, within) || strings.HasPrefix(pkg, "cmd/") && strings.HasPrefix(within, pkg)
	}
	if first, _, _ := strings.Cut(name, "/"); !strings.Contains(first, ".") {
		return strings.HasPrefix(pkg, "cmd/") || !slices.Contains(apart, name)
	}
	return slices.ContainsFunc(may, func(m string) bool { return strings.Contains(m, ".") && m != "." && strings.HasPrefix(name, m) })
}

// inModule is the path of a package within this module.
func inModule(name string) (within string, ours bool) {
	if name == module {
		return ".", true
	}
	return strings.CutPrefix(name, module+"/")
}
