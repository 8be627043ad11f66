// Package vectors reads the recorded results of real Djangos, testdata/<topic>.json.gz. It is
// a test helper beside the floors.
//
// Every record keeps its raw JSON. encoding/json silently turns a lone
// surrogate ("\ud83d", which Python strings may hold) into U+FFFD, so a test
// that cares asks [Record.Text], which tells, or reads [Record.Raw].
package vectors

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// EnvDir names the environment variable that points the tests to another
// folder of vectors. A relative path is taken from the root of the module.
const EnvDir = "COATCHECK_VECTORS"

// Record is one recorded result.
type Record struct {
	Topic  string                     // the name of the file
	Index  int                        // the place in the file, from 0
	JSON   json.RawMessage            // the whole record as it was written
	Fields map[string]json.RawMessage // the same by field
}

// Load reads every record of a topic, "passwords" for instance, in the order of
// the file. A file that is missing, cut off, empty or of another topic fails
// the test: vectors are part of the repository, so there is no reason to skip.
func Load(t testing.TB, topic string) []Record {
	t.Helper()
	path := filepath.Join(Dir(t), topic+".json.gz")
	var file struct {
		Topic   string            `json:"topic"`
		Records []json.RawMessage `json:"records"`
	}
	if err := json.Unmarshal(gunzip(t, path), &file); err != nil {
		t.Fatalf("vectors: %s: %v", path, err)
	}
	if file.Topic != topic || len(file.Records) == 0 {
		t.Fatalf("vectors: %s holds %d records of topic %q", path, len(file.Records), file.Topic)
	}
	records := make([]Record, len(file.Records))
	for i, raw := range file.Records {
		records[i] = Record{Topic: topic, Index: i, JSON: raw}
		if err := json.Unmarshal(raw, &records[i].Fields); err != nil {
			t.Fatalf("vectors: %s: record %d: %v", path, i, err)
		}
	}
	return records
}

// Dir is the folder that Load reads: the one that COATCHECK_VECTORS names, else
// internal/vectors/testdata.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(EnvDir)
	if filepath.IsAbs(dir) {
		return dir
	}
	root := root(t)
	if dir != "" {
		return filepath.Join(root, dir)
	}
	return filepath.Join(root, "internal", "vectors", "testdata")
}

// root is the root of our module, also for the tests of the modules inside it.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("vectors: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "internal", "vectors")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatalf("vectors: no internal/vectors above the tests; set %s to an absolute path", EnvDir)
		}
		dir = parent
	}
}

func gunzip(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatalf("vectors: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("vectors: %s: %v", path, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("vectors: %s: %v", path, err)
	}
	return data
}

// Kind is the record's kind; the names are different in every topic.
func (r Record) Kind() string { return r.plain("kind") }

// Django is the version that made the record, "5.2.18" for instance.
func (r Record) Django() string { return r.plain("django") }

// String names the record in messages: "passwords[12] check 5.2.18".
func (r Record) String() string {
	return fmt.Sprintf("%s[%d] %s %s", r.Topic, r.Index, r.Kind(), r.Django())
}

func (r Record) plain(field string) string {
	var s string
	if json.Unmarshal(r.Fields[field], &s) != nil {
		return ""
	}
	return s
}

// Has reports whether the record has the field, null included.
func (r Record) Has(field string) bool {
	_, ok := r.Fields[field]
	return ok
}

// IsNull reports whether the field is there and is null.
func (r Record) IsNull(field string) bool {
	return bytes.Equal(r.Fields[field], []byte("null"))
}

// Raw is the field as it was written; nil where the record has no such field.
func (r Record) Raw(field string) json.RawMessage { return r.Fields[field] }

// Decode reads one field into v. A missing field, or one of another type,
// fails the test. Lone surrogates become U+FFFD here: see [Record.Text].
func (r Record) Decode(t testing.TB, field string, v any) {
	t.Helper()
	raw, ok := r.Fields[field]
	if !ok {
		t.Fatalf("%v: no field %q", r, field)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("%v: field %q: %v", r, field, err)
	}
}

// DecodeAll reads the whole record into v, a pointer to a struct with json
// tags. Lone surrogates become U+FFFD here: see [Record.Text].
func (r Record) DecodeAll(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(r.JSON, v); err != nil {
		t.Fatalf("%v: %v", r, err)
	}
}

// Text reads a field that must be a string. Where the string holds a lone
// surrogate no valid UTF-8 can carry it: then ok is false, and the string is
// what Python's "surrogatepass" makes of it (each surrogate as three bytes).
func (r Record) Text(t testing.TB, field string) (s string, ok bool) {
	t.Helper()
	raw, has := r.Fields[field]
	if !has {
		t.Fatalf("%v: no field %q", r, field)
	}
	s, ok, err := Unquote(raw)
	if err != nil {
		t.Fatalf("%v: field %q: %v", r, field, err)
	}
	return s, ok
}

// Unquote is [Record.Text] for a raw JSON string from anywhere.
func Unquote(raw json.RawMessage) (s string, ok bool, err error) {
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", false, err
	}
	if !bytes.ContainsRune(raw, '\\') {
		return s, utf8.ValidString(s), nil
	}
	body := bytes.TrimSpace(raw)
	var out []byte
	ok = true
	for body = body[1 : len(body)-1]; len(body) > 0; {
		unit, isUnit := surrogateAt(body)
		if !isUnit {
			n := elementLen(body)
			var part string
			if err := json.Unmarshal(append(append([]byte{'"'}, body[:n]...), '"'), &part); err != nil {
				return "", false, err
			}
			out, body = append(out, part...), body[n:]
			continue
		}
		body = body[6:]
		if next, isNext := surrogateAt(body); isNext {
			if r := utf16.DecodeRune(unit, next); r != utf8.RuneError {
				out, body = utf8.AppendRune(out, r), body[6:]
				continue
			}
		}
		ok = false
		out = append(out, 0xE0|byte(unit>>12), 0x80|byte(unit>>6)&0x3F, 0x80|byte(unit)&0x3F)
	}
	return string(out), ok, nil
}

// surrogateAt reads an escaped surrogate, \ud800 to \udfff, at the beginning.
func surrogateAt(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil || !utf16.IsSurrogate(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// elementLen is the length of one escape, or of the text up to the next one.
func elementLen(b []byte) int {
	if b[0] == '\\' {
		if len(b) >= 6 && b[1] == 'u' {
			return 6
		}
		return min(2, len(b))
	}
	if i := bytes.IndexByte(b, '\\'); i > 0 {
		return i
	}
	return len(b)
}
