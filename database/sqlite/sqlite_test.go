package sqlite_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dsn string) *database.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), dsn)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func session(key string) database.Session {
	return database.Session{Key: key, Data: "x", Expires: time.Now().Add(time.Hour)}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.db", "a b?c#d%20e&f+g;h.db", "ünïcödé日本.db", "quote'\".db"} {
		db := open(t, filepath.Join(dir, name))
		must(t, db.InsertSession(t.Context(), session("key")))
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := sqlite.Open(t.Context(), filepath.Join(dir, "none", "app.db")); err == nil ||
		!strings.Contains(err.Error(), "none does not exist; make it first") {
		t.Errorf("without a folder: %v", err)
	}
	if _, err := sqlite.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
	text := filepath.Join(dir, "text")
	must(t, os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600))
	if _, err := sqlite.Open(t.Context(), text); err == nil || !strings.Contains(err.Error(), "not a database") {
		t.Errorf("a text: %v", err)
	}
}

// modes are the permissions of a database's files.
func modes(t *testing.T, path string) string {
	t.Helper()
	out := ""
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		must(t, err)
		out += fmt.Sprintf("%o ", info.Mode().Perm())
	}
	return out
}

// After Close there is one file, with everything in it.
func TestCloseLeavesOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	db, err := sqlite.Open(t.Context(), path)
	must(t, err)
	must(t, db.InsertSession(t.Context(), session("key")))
	if _, err := db.SessionByKey(t.Context(), "key", time.Now()); err != nil {
		t.Error(err)
	}
	must(t, db.Close())
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 || files[0].Name() != "app.db" {
		t.Errorf("%v, %v", files, err)
	}
}

// The umask belongs to the whole process, so another one opens the database.
func TestFilesAreTheOwnersUnderAnyUmask(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	if os.Getenv("COATCHECK_TEST_OPEN") != "" {
		path = os.Getenv("COATCHECK_TEST_OPEN")
		db := open(t, path)
		must(t, db.InsertSession(t.Context(), session(rand.Text())))
		_, err := db.SQL().ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
		must(t, err)
		fmt.Println("modes", modes(t, path))
		return
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("needs a Unix shell")
	}
	run := func(umask, path, want string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), shell, "-c",
			"umask "+umask+` && exec "$0" -test.run='^TestFilesAreTheOwnersUnderAnyUmask$'`, os.Args[0])
		cmd.Env = append(os.Environ(), "COATCHECK_TEST_OPEN="+path)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "modes "+want) {
			t.Errorf("umask %s: want %s: %v\n%s", umask, want, err, out)
		}
	}
	for _, umask := range []string{"000", "022", "077"} {
		path := filepath.Join(t.TempDir(), "app.db")
		run(umask, path, "600 600 600")
		run(umask, path, "600 600 600") // the files that SQLite makes itself, later
	}
	// A file that was there keeps its mode, and the ones beside it follow.
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, os.Chmod(path, 0o640))
	run("077", path, "640 640 640")
}

func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	for dsn, want := range map[string]map[string]string{
		path: {"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2", "busy_timeout": "5000"},
		"file:" + path + "?_pragma=synchronous(normal)": {"journal_mode": "wal", "synchronous": "1"},
		":memory:": {"foreign_keys": "1"},
	} {
		db := open(t, dsn)
		for pragma, want := range want {
			var got string
			must(t, db.SQL().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			if got != want {
				t.Errorf("%s: %s = %s, want %s", dsn, pragma, got, want)
			}
		}
	}
}

// A database in memory is one for all connections, and apart from every other.
func TestMemory(t *testing.T) {
	first, second := open(t, ":memory:"), open(t, ":memory:")
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			key := fmt.Sprintf("key%d", i)
			if err := first.InsertSession(t.Context(), session(key)); err != nil {
				t.Error(err)
			}
			for range 20 {
				if _, err := first.SessionByKey(t.Context(), key, time.Now()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if found, err := second.SessionExists(t.Context(), "key1"); found || err != nil {
		t.Errorf("the other database: %v, %v", found, err)
	}
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	must(t, open(t, path).InsertSession(t.Context(), session("key")))
	db := open(t, "file:"+path+"?mode=ro")
	if _, err := db.SessionByKey(t.Context(), "key", time.Now()); err != nil {
		t.Error(err)
	}
	if err := db.InsertSession(t.Context(), session("other")); !errors.Is(err, database.ErrReadOnly) {
		t.Errorf("a row for a read-only database: %v", err)
	}
	if _, err := own.New(db).NextEnding(t.Context(), "1", time.Now()); !errors.Is(err, database.ErrReadOnly) {
		t.Errorf("a transaction on a read-only database: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none.db")
	if _, err := sqlite.Open(t.Context(), "file:"+missing+"?mode=ro"); err == nil {
		t.Error("a read-only database was made")
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a file was made")
	}
}

// Another process that writes for a while only makes us wait, and readers not
// even that.
func TestBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	db, other := open(t, path), open(t, path)
	must(t, db.InsertSession(t.Context(), session("key")))
	holding, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		err := other.Tx(t.Context(), func(ctx context.Context, tx *database.DB) error {
			defer close(holding)
			if err := tx.InsertSession(ctx, session("other")); err != nil {
				return err
			}
			holding <- struct{}{}
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-holding
	if _, err := db.SessionByKey(t.Context(), "key", time.Now()); err != nil {
		t.Errorf("read beside a writer: %v", err)
	}
	if found, err := db.SessionExists(t.Context(), "other"); found || err != nil {
		t.Errorf("read what is not committed: %v, %v", found, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := db.InsertSession(short, session("third")); err == nil {
		t.Error("two writers at once")
	}
	time.AfterFunc(100*time.Millisecond, func() { close(release) })
	must(t, db.InsertSession(t.Context(), session("third")))
	group.Wait()
}
