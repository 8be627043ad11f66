package coatcheck_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// maxModules is how many modules the graph of a program on SQLite may have. One is goldmark, which
// requires none: coatcheck serve renders the documentation with it. Eight are those of client_golang:
// the command serves metrics, and is in this module. No package but metrics imports them, so they are
// in no program that does not. Codes by an authenticator app brought seven: github.com/pquerna/otp with
// what its own tests and its pictures need, and github.com/skip2/go-qrcode, which needs nothing. Nine
// are those of go-webauthn, which no program compiles that does not import accounts/passkeys. Four are
// those of go-oidc, likewise for accounts/oidc: itself, go-jose, golang.org/x/oauth2, and what the
// last one's own packages for a cloud need. Two are otter, the memory of sessions, and what its own
// tests need.
const maxModules = 68

// forTests are the modules that only tests import and that may stay all the same: they
// require no module.
var forTests = []string{"github.com/google/go-cmp"}

// TestModulesAreImported checks that go.mod requires no module for tests alone: those are in
// the modules inside ours, such as conformance.
func TestModulesAreImported(t *testing.T) {
	imports, err := readImports(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(read(t, "go.mod"), -1)
	if len(direct) < 10 {
		t.Fatalf("go.mod requires only %q; is it read right?", direct)
	}
	for _, required := range direct {
		if used := importsModule(imports, required[1]); used == slices.Contains(forTests, required[1]) {
			t.Errorf("%s: imported by what is no test: %v", required[1], used)
		}
	}
}

// importsModule reports whether a package of the module is imported.
func importsModule(imports map[string][]imported, module string) bool {
	for _, found := range imports {
		if slices.ContainsFunc(found, func(i imported) bool { _, ok := cutModule(i.path, module); return ok }) {
			return true
		}
	}
	return false
}

// TestModuleGraph counts the modules in the graph of a program on SQLite: what
// `go list -m all` prints, and scanners of dependencies report.
func TestModuleGraph(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module hello\n\ngo 1.26.0\n\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + here + "\n",
		"go.sum": read(t, "go.sum"),
		"hello.go": "package main\n\nimport (\n\t_ \"" + module + "\"\n\t_ \"" + module + "/database/sqlite\"\n)\n\n" +
			"func main() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
		if !testenv.InCI() {
			cmd.Env = append(cmd.Env, "GOPROXY=off")
		}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil && strings.Contains(stderr.String(), "module lookup disabled by GOPROXY=off") {
			t.Skipf("the module cache lacks a file that only CI downloads: %s", strings.TrimSpace(stderr.String()))
		}
		if err != nil {
			t.Fatalf("go %q: %v\n%s", args, err, stderr.String())
		}
		return string(out)
	}
	run("list", "-deps", ".") // adds the requirements of what is imported to go.mod
	modules := strings.Fields(run("list", "-m", "-f", "{{.Path}}", "all"))
	if len(modules) > maxModules || !slices.Contains(modules, "github.com/ncruces/go-sqlite3") {
		t.Errorf("%d modules, want %d at most:\n%s", len(modules), maxModules, strings.Join(modules, "\n"))
	}
}
