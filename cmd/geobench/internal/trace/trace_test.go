package trace

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		format Format
		text   string
		want   []uint32
	}{
		{"arc expands runs", FormatARC, "10 3 0 0\n11 1 0 1\n9 2 0 2\n", []uint32{0, 1, 2, 1, 3, 0}},
		{"arc of two fields", FormatARC, "7 2", []uint32{0, 1}},
		{"lines ignore stars and blanks", FormatLines, "a\n*\nb\n\na\r\n* note\n c \n", []uint32{0, 1, 0, 2}},
		{"big-endian", FormatBE64, "\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00", []uint32{0, 1}},
		{"little-endian", FormatLE32, "\x01\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00", []uint32{0, 1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read(strings.NewReader(c.text), c.format, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Requests, c.want) {
				t.Errorf("requests %v, want %v", got.Requests, c.want)
			}
			if want := int(slices.Max(c.want)) + 1; got.Distinct != want {
				t.Errorf("%d keys, want %d", got.Distinct, want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct {
		format     Format
		text, says string
	}{
		{FormatARC, "1 1\nx 2\n", `line 2: "x 2"`},
		{FormatARC, "5\n", `line 1: "5"`},
		{FormatARC, "1 99999999999\n", "more than"},
		{FormatARC, "", "no request"},
		{FormatLines, "*\n", "no request"},
		{FormatBE64, "12345678123", "8 bytes"},
		{FormatLE32, "12345", "4 bytes"},
		{FormatLE32, "\x1f\x8bno gzip after all", "gzip"},
		{"csv", "1\n", `"csv"`},
	} {
		if _, err := Read(strings.NewReader(c.text), c.format, 0); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %q: error %v, want one with %q", c.format, c.text, err, c.says)
		}
	}
}

func TestReadStopsAtTheLimit(t *testing.T) {
	got, err := Read(strings.NewReader("1 1000\nnonsense"), FormatARC, 3)
	if err != nil || len(got.Requests) != 3 || got.Distinct != 3 {
		t.Errorf("%d requests, %d keys, %v; want 3, 3", len(got.Requests), got.Distinct, err)
	}
}

// The same keys in every format and compression, chosen by name.
func TestOpen(t *testing.T) {
	keys := []uint32{5, 6, 5, 7}
	var be, le []byte
	for _, k := range keys {
		be = binary.BigEndian.AppendUint64(be, uint64(k))
		le = binary.LittleEndian.AppendUint32(le, k)
	}
	dir := t.TempDir()
	for file, content := range map[string][]byte{
		"oltp.gz":          packed(t, gzipWriter, []byte("5 2 0 0\n5 1 0 1\n7 1 0 2\n")),
		"disk.lis":         []byte("5 2 0 0\n5 1 0 1\n7 1 0 2\n"),
		"sprite.trace.gz":  packed(t, gzipWriter, []byte("5\n6\n*\n5\n7\n")),
		"trace_service.gz": packed(t, gzipWriter, be),
		"Web.trace.xz":     packed(t, xzWriter, le),
	} {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Open(path, FormatOfName, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := []uint32{0, 1, 0, 2}; !slices.Equal(got.Requests, want) {
			t.Errorf("%s: requests %v, want %v", file, got.Requests, want)
		}
		if strings.Contains(got.Name, "trace") || strings.Contains(got.Name, ".gz") {
			t.Errorf("%s is named %q", file, got.Name)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mystery.bin")
	if _, err := Open(path, FormatOfName, 0); err == nil || !strings.Contains(err.Error(), "mystery.bin") {
		t.Errorf("error %v, want one that names the file", err)
	}
	if _, err := Open(path, FormatLE32, 0); !os.IsNotExist(err) && !strings.Contains(err.Error(), "mystery.bin") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func gzipWriter(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
func xzWriter(w io.Writer) (io.WriteCloser, error)   { return xz.NewWriter(w) }

func packed(t *testing.T, by func(io.Writer) (io.WriteCloser, error), content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := by(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
