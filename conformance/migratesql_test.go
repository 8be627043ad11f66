package conformance_test

import (
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/database"
	owntables "github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestMigrateSQL: the SQL of coatcheck migrate --sql, run by each database's own client,
// makes a database in which neither coatcheck migrate nor any Django's has anything left.
func TestMigrateSQL(t *testing.T) {
	t.Parallel()
	for _, db := range testenv.Databases(t) {
		t.Run(db.Engine, func(t *testing.T) {
			script, status := migrateCommand(t, db, "--sql")
			if status != 0 || !strings.Contains(script, "coatcheck.0002_endings") {
				t.Fatalf("migrate --sql: %d\n%s", status, script)
			}
			if _, status := migrateCommand(t, db, "--check"); status != 1 {
				t.Fatalf("migrate --check before: %d, want 1", status)
			}
			feed(t, db, script)
			if out, status := migrateCommand(t, db, "--check"); status != 0 || out != "" {
				t.Errorf("migrate --check: %d %s", status, out)
			}
			if out, _ := migrateCommand(t, db, "--plan"); out != "Planned operations:\n  No planned migration operations.\n" {
				t.Errorf("migrate --plan: %s", out)
			}
			site := openDatabase(t, db, database.UserModel{})
			if created := site.Created(); len(created) != 0 {
				t.Errorf("opening it created %v", created)
			}
			if here, err := site.Facts().MadeHere(); err != nil || !here {
				t.Errorf("made here: %v, %v", here, err)
			}
			if permissions, err := site.Permissions(t.Context()); err != nil || len(permissions) != 24 {
				t.Errorf("%d permissions, %v; want 24", len(permissions), err)
			}
			must(t, owntables.Missing(site, owntables.LinkTable, owntables.LockTable))
			for _, version := range testenv.Djangos(t) {
				tw := newTwin(t, version, db)
				tw.Manage("migrate", "--check") // exits with 1 if anything is left
				if out := tw.Manage("migrate", "--plan"); !strings.Contains(out, "No planned migration operations.") {
					t.Errorf("Django %s plans: %s", version, out)
				}
				tw.Manage("migrate", "-v", "0")
			}
			if permissions, err := site.Permissions(t.Context()); err != nil || len(permissions) != 24 {
				t.Errorf("%d permissions after Django's migrate, %v; want 24", len(permissions), err)
			}
		})
	}
}

// TestMigrateSQLOfADjango: in a database that a Django made, the SQL makes what is our own,
// and nothing else.
func TestMigrateSQLOfADjango(t *testing.T) {
	t.Parallel()
	versions := testenv.Djangos(t)
	for _, db := range testenv.Databases(t) {
		t.Run(db.Engine, func(t *testing.T) {
			tw := newTwin(t, versions[len(versions)-1], db)
			tw.Manage("migrate", "-v", "0")
			script, _ := migrateCommand(t, db, "--sql")
			for _, table := range []string{"auth_", "django_content_type", "django_session"} {
				if strings.Contains(script, table) {
					t.Errorf("the SQL is about %s:\n%s", table, script)
				}
			}
			feed(t, db, script)
			if out, status := migrateCommand(t, db, "--check"); status != 0 || out != "" {
				t.Errorf("migrate --check: %d %s", status, out)
			}
			tw.Manage("migrate", "--check")
		})
	}
}

// migrateCommand runs coatcheck migrate, and returns what it printed and its exit status.
func migrateCommand(t *testing.T, db testenv.Database, flag string) (string, int) {
	t.Helper()
	path, err := binary()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), path, "migrate", flag)
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "COATCHECK_DATABASE="+db.URL(), "COATCHECK_CREATE=true")
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		if len(failed.Stderr) > 0 {
			t.Errorf("migrate %s: %s", flag, failed.Stderr)
		}
		return string(out), failed.ExitCode()
	}
	must(t, err)
	return string(out), 0
}

// feed returns a script to the database's own client, as docs/databases.md says.
func feed(t *testing.T, db testenv.Database, script string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script.sql")
	must(t, os.WriteFile(file, []byte(script), 0o600))
	var cmd *exec.Cmd
	switch db.Engine {
	case "postgresql":
		u := url.URL{Scheme: "postgres", User: url.UserPassword(db.User, db.Password), Host: net.JoinHostPort(db.Host, db.Port), Path: "/" + db.Name}
		cmd = exec.CommandContext(t.Context(), client(t, "psql"), "--no-psqlrc", "--quiet", "--single-transaction",
			"--set", "ON_ERROR_STOP=1", "--file", file, u.String())
	case "mysql":
		cmd = exec.CommandContext(t.Context(), client(t, "mariadb"), "--no-defaults", "--protocol=tcp", "--host="+db.Host, "--port="+db.Port,
			"--user="+db.User, "--password="+db.Password, db.Name)
		cmd.Stdin = strings.NewReader(script)
	default:
		cmd = exec.CommandContext(t.Context(), testenv.SQLite3(t), "-bail", db.Name)
		cmd.Stdin = strings.NewReader(script)
	}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%s: %v\n%s", cmd.Args[0], err, out)
	}
}

// client returns the path of a database's client.
func client(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if testenv.InCI() {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}
