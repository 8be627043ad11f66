package coatcheck_test

import (
	"cmp"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// A step is a row of folders on the one staircase that imports go down. Folders
// of one step do not import each other.
type step struct {
	floor   string   // what ARCHITECTURE.md calls it
	folders []string // "examples/..." is every folder under examples
	modules []string // modules it may import beside core; "..." is any
}

// core are the modules that every folder may import.
var core = []string{"golang.org/x/crypto", "golang.org/x/text"}

const module = "github.com/coatcheck/coatcheck"

// staircase is the order of the folders, bottom to top. A file that is not a
// test imports packages of lower steps only.
var staircase = []step{
	{"0, the pure tools", []string{"i18n", "internal/pystr", "internal/pybase64", "internal/textfile"}, nil},
	{"0, the pure tools", []string{"internal/fold"}, []string{"golang.org/x/net"}},
	{"0, the pure tools", []string{"internal/pyjson", "internal/negotiate", "internal/requestinfo", "internal/seal", "internal/device", "internal/lru", "internal/errorpages", "internal/brand"}, nil},
	{"0, the pure tools", []string{"internal/httptext"}, []string{"golang.org/x/net"}},
	{"0, the pure tools", []string{"internal/pickle", "internal/locale"}, nil},
	{"0, the pure tools", []string{"internal/pbkdf2"}, []string{"golang.org/x/sys"}},
	{"0, the pure tools", []string{"internal/problem", "internal/changes"}, nil},
	{"0, the pure tools", []string{"csrf", "flow", "identity", "mail", "password", "safeurl", "signing", "throttle"}, nil},
	{"0, the pure tools", []string{"userfields", "internal/watch"}, nil},
	{"0, the pure tools", []string{"flow/flowlog"}, nil},
	{"0, the pure tools", []string{"mail/smtp"}, []string{"github.com/wneessen/go-mail"}},
	{"0, the pure tools", []string{"password/validate"}, nil},
	{"0, the pure tools", []string{"password/pwned"}, []string{"github.com/FastFilter/xorfilter"}},
	{"0, the pure tools", []string{"throttle/throttletest"}, nil},
	{"0, the pure tools", []string{"internal/redisconn"}, []string{"github.com/redis/rueidis"}},
	{"0, the pure tools", []string{"throttle/redis"}, []string{"github.com/redis/rueidis"}},
	{"1, the database", []string{"database/internal/dialect", "database/internal/column"}, nil},
	{"1, the database", []string{"database/internal/schema"}, nil},
	{"1, the database", []string{"database"}, nil},
	{"1, the database", []string{"database/own"}, nil},
	{"1, the database", []string{"database/sqlite"}, []string{"github.com/ncruces/go-sqlite3"}},
	{"1, the database", []string{"database/postgres"}, []string{"github.com/jackc/pgx/v5"}},
	{"1, the database", []string{"database/mysql"}, []string{"github.com/go-sql-driver/mysql"}},
	{"2, the sessions", []string{"sessions"}, nil},
	{"2, the sessions", []string{"sessions/dbstore", "sessions/sessionstest", "sessions/cachestore"}, nil},
	{"2, the sessions", []string{"sessions/cachestore/redis"}, []string{"github.com/redis/rueidis"}},
	{"2, the sessions", []string{"sessions/cachestore/memcached"}, []string{"github.com/bradfitz/gomemcache"}},
	{"2, the sessions", []string{"sessions/cacheddb"}, nil},
	{"2, the sessions", []string{"sessions/filestore"}, []string{"golang.org/x/sys"}},
	{"2, the sessions", []string{"sessions/cookiestore"}, nil},
	{"2, the sessions", []string{"sessions/memory"}, []string{"github.com/maypok86/otter/v2"}},
	{"2, the sessions", []string{"messages"}, nil},
	{"between 2 and 3, who", []string{"auth/attempts", "auth/resettoken", "auth/hooks", "auth/sessionkeys"}, nil},
	{"between 2 and 3, who", []string{"auth/audit"}, nil},
	{"between 2 and 3, who", []string{"auth"}, nil},
	{"between 2 and 3, who", []string{"auth/twofactor"}, []string{"github.com/pquerna/otp"}},
	{"between 2 and 3, who", []string{"accounts"}, nil},
	{"between 2 and 3, who", []string{"auth/backends"}, nil},
	{"3, the middleware", []string{"middleware"}, nil},
	{"4, the views", []string{"pages"}, nil},
	{"4, the views", []string{"accounts/totp"}, []string{"github.com/skip2/go-qrcode"}},
	{"4, the views", []string{"accounts/passkeys"}, []string{"github.com/go-webauthn/webauthn"}},
	{"4, the views", []string{"accounts/oidc"}, []string{"github.com/coreos/go-oidc/v3", "golang.org/x/oauth2"}},
	{"4, the views", []string{"accounts/..."}, nil}, // a folder a feature, none of which imports another
	{"4, the views", []string{"views"}, nil},
	{"5, the access control", []string{"access"}, nil},
	{"5, the access control", []string{"inspector"}, nil},
	{"the front door", []string{"."}, nil},
	{"the front door", []string{"internal/measure"}, nil},
	{"the front door", []string{"metrics"}, []string{"github.com/prometheus/client_golang"}},
	{"for users' tests", []string{"mail/mailtest"}, nil},
	{"for users' tests", []string{"coatchecktest"}, nil},
	{"the programs", []string{"internal/console"}, []string{"github.com/schollz/progressbar/v3", "golang.org/x/term"}},
	{"the programs", []string{"internal/completion", "internal/djangosettings", "internal/explain", "internal/probe", "docs"}, nil},
	{"the programs", []string{"internal/docsite"}, []string{"github.com/yuin/goldmark"}},
	{"the programs", []string{"internal/findings", "internal/server"}, nil},
	{"the programs", []string{"internal/doctor"}, nil},
	{"the programs", []string{"cmd/coatcheck"}, []string{"github.com/alecthomas/kong"}},
	{"the programs", []string{"examples/..."}, []string{"..."}},
	{"our own tests", []string{"internal/testenv", "internal/vectors", "internal/softkey", "internal/softdevice", "internal/softissuer"}, []string{"..."}},
	{"our own tests", []string{"internal/testenv/cmd/withservers", "internal/featuretest"}, nil},
}

// TestFloors checks the order of the floors. It reads the files itself, so that
// Go's test cache sees them and runs the test again when one changes.
func TestFloors(t *testing.T) {
	found, err := checkFloors(os.DirFS("."), staircase)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range found {
		t.Error(fault)
	}
}

// checkFloors returns the faults of a tree of files, sorted.
func checkFloors(tree fs.FS, stairs []step) (faults []string, err error) {
	place := func(folder string) int {
		return slices.IndexFunc(stairs, func(s step) bool {
			return slices.ContainsFunc(s.folders, func(f string) bool {
				under, all := strings.CutSuffix(f, "/...")
				return f == folder || all && (folder == under || strings.HasPrefix(folder, under+"/"))
			})
		})
	}
	imports, err := readImports(tree)
	if err != nil {
		return nil, err
	}
	for _, folder := range slices.Sorted(maps.Keys(imports)) {
		own := place(folder)
		if own < 0 {
			faults = append(faults, fmt.Sprintf("%s is on no floor: add it to the staircase in layers_test.go, "+
				"above everything it imports and below everything that imports it", folder))
			continue
		}
		for _, imp := range imports[folder] {
			if why := refused(imp.path, own, stairs, place); why != "" {
				faults = append(faults, fmt.Sprintf("%s, on floor %s, imports %s: %s", imp.file, stairs[own].floor, imp.path, why))
			}
		}
	}
	return faults, nil
}

// refused reports why a folder on that step may not import the package; "" when it
// may.
func refused(imported string, own int, stairs []step, place func(string) int) string {
	if folder, ours := cutModule(imported, module); ours {
		switch at := place(folder); {
		case at < 0:
			return "that folder is on no floor"
		case at >= own:
			return "that is not below, it is on floor " + stairs[at].floor +
				"; imports point down only, so move what is needed down, or take it as an interface or a function value"
		}
		return ""
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") && first != "C" {
		return "" // the standard library
	}
	for _, allowed := range slices.Concat(core, stairs[own].modules) {
		if _, ok := cutModule(imported, allowed); ok || allowed == "..." {
			return ""
		}
	}
	return "the core stands on the standard library, x/crypto and x/text; " +
		"a driver or an integration has a folder of its own, which names the module in layers_test.go"
}

// cutModule returns the folder of a package in a module, "." for its root.
func cutModule(imported, module string) (folder string, ok bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

type imported struct{ file, path string }

// readImports returns what the non-test files of every folder import. A folder with
// nothing but tests is there too, without imports. Left out are modules of
// their own, and what the go tool leaves out.
func readImports(tree fs.FS) (map[string][]imported, error) {
	all := make(map[string][]imported)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(tree, name)
		}
		if path.Ext(name) != ".go" || strings.HasPrefix(entry.Name(), "_") || strings.HasPrefix(entry.Name(), ".") {
			return nil
		}
		var found []imported
		if !strings.HasSuffix(name, "_test.go") {
			found, err = readFile(tree, name)
		}
		folder := path.Dir(name)
		all[folder] = append(all[folder], found...)
		return err
	})
	return all, err
}

// enter reports whether to go into a folder: nil or fs.SkipDir.
func enter(tree fs.FS, name string) error {
	base := path.Base(name)
	if name == "." {
		return nil
	}
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") {
		return fs.SkipDir
	}
	_, err := fs.Stat(tree, path.Join(name, "go.mod"))
	if err == nil {
		return fs.SkipDir // a module of its own, as bench is
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readFile returns what one file imports.
func readFile(tree fs.FS, name string) ([]imported, error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var found []imported
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found = append(found, imported{name, p})
	}
	return found, nil
}

// TestFloorsCanFail proves that each rule of TestFloors is held.
func TestFloorsCanFail(t *testing.T) {
	stairs := []step{
		{"0", []string{"flow", "signing"}, nil},
		{"1", []string{"sqlite"}, []string{"example.com/driver"}},
		{"2", []string{".", "examples/..."}, nil},
		{"3", []string{"tests"}, []string{"..."}},
	}
	source := func(imports ...string) string {
		text := "package p\n"
		for _, i := range imports {
			text += "import _ " + strconv.Quote(i) + "\n"
		}
		return text + "func broken() { the checker reads imports only"
	}
	for _, test := range []struct{ name, file, source, want string }{
		{"the standard library", "flow/a.go", source("fmt", "net/http"), ""},
		{"x/crypto", "flow/a.go", source("golang.org/x/crypto/argon2"), ""},
		{"down", "sqlite/a.go", source(module + "/flow"), ""},
		{"the root down", "root.go", source(module + "/sqlite"), ""},
		{"a driver in its folder", "sqlite/a.go", source("example.com/driver/v2/x"), ""},
		{"anything in tests", "tests/a.go", source("example.com/other"), ""},
		{"a folder of tests only", "tests/a_test.go", source(), ""},
		{"up, in a test", "flow/a_test.go", source(module + "/sqlite"), ""},
		{"a module of its own", "bench/a.go", source("example.com/other"), ""},
		{"testdata", "flow/testdata/a.go", source("example.com/other"), ""},
		{"an example", "examples/chi/a.go", source(module + "/flow"), ""},

		{"up", "flow/a.go", source(module + "/sqlite"), "flow/a.go, on floor 0, imports " + module + "/sqlite: that is not below, it is on floor 1"},
		{"up to the root", "sqlite/a.go", source(module), "sqlite/a.go, on floor 1, imports " + module + ": that is not below"},
		{"sideways", "flow/a.go", source(module + "/signing"), "that is not below, it is on floor 0"},
		{"behind a build tag", "flow/a.go", "//go:build plan9\n\n" + source(module+"/sqlite"), "that is not below"},
		{"a driver elsewhere", "flow/a.go", source("example.com/driver"), "the core stands on the standard library"},
		{"a module of a like name", "sqlite/a.go", source("example.com/driverless"), "the core stands on the standard library"},
		{"cgo", "flow/a.go", source("C"), "the core stands on the standard library"},
		{"a folder on no floor", "common/a.go", source(), "common is on no floor: add it to the staircase"},
		{"a folder of tests on no floor", "common/a_test.go", source(), "common is on no floor"},
		{"a folder below one on a floor", "flow/deep/a.go", source(), "flow/deep is on no floor"},
		{"an import of no floor", "flow/a.go", source(module + "/common"), "that folder is on no floor"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := fstest.MapFS{test.file: {Data: []byte(test.source)}, "bench/go.mod": {}}
			faults, err := checkFloors(tree, stairs)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(faults, "\n")
			if !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("found %q, want %q", got, cmp.Or(test.want, "no fault"))
			}
		})
	}
}
