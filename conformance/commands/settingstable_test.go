package commands_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/coatcheck/coatcheck/internal/djangosettings"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

var updateSettings = flag.Bool("update-settings", false, "write what comes of the modules into testdata/settings.txtar")

const settingsTable = "testdata/settings.txtar"

// settingsCase is a settings module of testdata/settings.txtar.
type settingsCase struct {
	name, version string
	kind          string // what the first line says besides: "pair", "pair quick", "converted: REASON" or nothing
	module        []byte
	outcome       string // the config and the notes, or the reasons
}

// settingsCases reads the table: NAME.py, and below it its outcome in NAME.
func settingsCases(t *testing.T) []*settingsCase {
	t.Helper()
	archive, err := txtar.ParseFile(settingsTable)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*settingsCase
	for _, file := range archive.Files {
		name, module := strings.CutSuffix(file.Name, ".py")
		if !module {
			cases[len(cases)-1].outcome = string(file.Data)
			continue
		}
		head, _, _ := strings.Cut(string(file.Data), "\n") // # Django 5.2 pair quick
		version, kind, _ := strings.Cut(strings.TrimPrefix(head, "# Django "), " ")
		cases = append(cases, &settingsCase{name: name, version: version, kind: kind, module: file.Data})
	}
	return cases
}

// TestSettingsTable checks the conversion against settings modules of what real
// projects ship, each as a real Django reads it: the config and its notes, or the
// reason why there is none. Pairs of them log in on both sides in the tests of the
// folder above.
func TestSettingsTable(t *testing.T) {
	t.Setenv("TMPDIR", "/tmp") // of the file engine without a folder
	cases := settingsCases(t)
	for _, version := range testenv.Djangos(t) {
		dumps := askTable(t, version, cases)
		for i, c := range cases {
			if c.version != version {
				continue
			}
			if got := convertedFile(t, filepath.Join(dumps, fmt.Sprintf("table%d.txt", i))); *updateSettings {
				c.outcome = got
			} else if diff := cmp.Diff(c.outcome, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
	}
	if *updateSettings {
		writeSettingsTable(t, cases)
	}
}

// TestSettingsTableKinds: each module is refused, or a pair with it logs in on both sides,
// or its first line says why no pair can be run.
func TestSettingsTableKinds(t *testing.T) {
	count := map[string]int{}
	for _, c := range settingsCases(t) {
		word, reason, _ := strings.Cut(c.kind, " ")
		refused := strings.HasPrefix(c.outcome, "refused, with status 1\n")
		switch {
		case refused && c.kind == "":
			count["refused"]++
		case !refused && (c.kind == "pair" || c.kind == "pair quick"):
			count["pairs"]++
		case !refused && word == "converted:" && reason != "":
			count["converted"]++
		default:
			t.Errorf("%s: the first line says %q, and refused is %v", c.name, c.kind, refused)
		}
	}
	t.Logf("%d refused, %d pairs, %d converted", count["refused"], count["pairs"], count["converted"])
	if count["refused"]+count["pairs"] < 60 || count["pairs"] < 30 {
		t.Error("too few of them are held to the end")
	}
}

// askTable lets a Django read its modules of the table.
func askTable(t *testing.T, version string, cases []*settingsCase) (dumps string) {
	t.Helper()
	dumps = t.TempDir()
	files := map[string][]byte{"script": []byte(djangosettings.Script)}
	for i, c := range cases {
		if c.version == version {
			files[fmt.Sprintf("table%d.py", i)] = append([]byte("from project import *\n"), c.module...)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dumps, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	table, err := filepath.Abs("testdata/ask_table.py")
	if err != nil {
		t.Fatal(err)
	}
	ask := exec.CommandContext(t.Context(), testenv.Django(t, version), table, filepath.Join(dumps, "script"), dumps)
	ask.Dir = "../django"
	ask.Env = append(os.Environ(), "TWIN_SECRET_KEY="+strings.Repeat(tableSecret, 5), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	if out, err := ask.CombinedOutput(); err != nil {
		t.Fatalf("Django %s: %v\n%s", version, err, out)
	}
	return dumps
}

// tableSecret is in every secret of the table.
const tableSecret = "hunter2"

// convertedFile is what the command says of a file: the config and the notes, or
// the reasons. What every module has is left out.
func convertedFile(t *testing.T, dump string) string {
	t.Helper()
	var out, stderr bytes.Buffer
	convert := exec.CommandContext(t.Context(), "coatcheck", "settings", "--from-django", dump)
	convert.Stdout, convert.Stderr = &out, &stderr
	var failure *exec.ExitError
	if err := convert.Run(); errors.As(err, &failure) {
		fmt.Fprintf(&out, "refused, with status %d\n", failure.ExitCode())
	} else if err != nil {
		t.Fatal(err)
	}
	got := out.String() + stderr.String()
	if strings.Contains(got, tableSecret) {
		t.Errorf("a secret is shown:\n%s", got)
	}
	return strings.NewReplacer(
		"SECRET_KEY: is not in the config; put it into a file that you alone can read, for --secret-key-file, or into $COATCHECK_SECRET_KEY\n", "",
		"  \"allowed_host\": [\n    \"*\"\n  ],\n", "",
		"EMAIL_BACKEND: is Django's default, a mail server on its own machine; emails are printed until --email-backend says otherwise\n", "",
	).Replace(got)
}

func writeSettingsTable(t *testing.T, cases []*settingsCase) {
	t.Helper()
	archive, err := txtar.ParseFile(settingsTable)
	if err != nil {
		t.Fatal(err)
	}
	archive.Files = nil
	for _, c := range cases {
		archive.Files = append(archive.Files, txtar.File{Name: c.name + ".py", Data: c.module}, txtar.File{Name: c.name, Data: []byte(c.outcome)})
	}
	if err := os.WriteFile(settingsTable, txtar.Format(archive), 0o600); err != nil {
		t.Fatal(err)
	}
}
