package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	here, err := filepath.Abs("app.db")
	if err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string]string{
		"app.db":                              here,
		"./app.db":                            here,
		"sqlite:app.db":                       here,
		"sqlite:/var/lib/app.db":              "/var/lib/app.db",
		"/var/lib/app.db":                     "/var/lib/app.db",
		"/var/lib/a b?c#d%20e&f+g.db":         "/var/lib/a b?c#d%20e&f+g.db",
		"sqlite:/var/lib/a?b.db":              "/var/lib/a?b.db",
		"file:app.db":                         here,
		"file:/var/lib/app.db":                "/var/lib/app.db",
		"file:///var/lib/app.db":              "/var/lib/app.db",
		"file://localhost/var/lib/app.db":     "/var/lib/app.db",
		"file:/var/lib/a%20b%3Fc.db":          "/var/lib/a b?c.db",
		"file:a%20b.db?_pragma=cache_size(9)": filepath.Join(filepath.Dir(here), "a b.db"),
		":memory:":                            "",
		"sqlite::memory:":                     "",
		"file::memory:":                       "",
		"file:x?mode=memory&cache=shared":     "",
	} {
		src, err := parse(dsn)
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		if src.path != want || src.memory != (want == "") {
			t.Errorf("%s: %+v, want %q", dsn, src, want)
		}
		if !strings.Contains(src.uri, "_txlock=immediate") || strings.Contains(src.uri, " ") {
			t.Errorf("%s: uri %s", dsn, src.uri)
		}
	}
	for _, dsn := range []string{
		"", "sqlite:", "sqlite://app.db", "sqlite:///app.db", "file:", "file://otherhost/app.db", "file:%zz", "a\x00b",
		"file:x.db?%zz=1",
	} {
		if src, err := parse(dsn); err == nil {
			t.Errorf("%q is read as %+v", dsn, src)
		}
	}
}

func TestParameters(t *testing.T) {
	src, err := parse("file:/x.db?_txlock=deferred&_timefmt=rfc3339&vfs=memdb&_pragma=synchronous(normal)&_pragma=cache_size(9)&mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"_txlock=immediate", "cache_size", "modeof=", "mode=ro", "synchronous"} {
		if !strings.Contains(src.uri, want) {
			t.Errorf("%s: no %s", src.uri, want)
		}
	}
	for _, bad := range []string{"deferred", "_timefmt", "vfs=memdb"} {
		if strings.Contains(src.uri, bad) {
			t.Errorf("%s: still %s", src.uri, bad)
		}
	}
	if !src.synchronous || !src.readOnly {
		t.Errorf("%+v", src)
	}
}
