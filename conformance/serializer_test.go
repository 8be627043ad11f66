package conformance_test

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestPickleSerializer: beside a Django whose sessions are pickles a login on either side
// is one on both, by every engine that signs them, and what only Python knows is kept.
func TestPickleSerializer(t *testing.T) {
	t.Parallel()
	for _, version := range testenv.Djangos(t) {
		if version != "3.2" && version != "4.2" { // Django 5.0 has none any more
			continue
		}
		engines := []string{"db", "file", "signed_cookies"}
		if version == "4.2" {
			engines = engines[:1]
		}
		for _, engine := range engines {
			t.Run("Django "+version+", "+engine, func(t *testing.T) {
				t.Parallel()
				pickleTwins(t, version, engine)
			})
		}
	}
}

func pickleTwins(t *testing.T, version, engine string) {
	db, files := testenv.SQLiteDatabase(t), t.TempDir()
	own := startServe(t, db, "--session-engine", engine, "--session-file-path", files, "--session-serializer", "pickle")
	tw := newTwin(t, version, db, "SESSION_ENGINE=django.contrib.sessions.backends."+engine, "SESSION_FILE_PATH="+files,
		"SESSION_SERIALIZER=PickleSerializer")
	tw.Start()
	scenes := scenarios[:3]
	if engine == "signed_cookies" { // whose key is what they hold
		scenes = scenes[:1]
	}
	for _, one := range scenes {
		t.Run(one.name+", Django first", func(t *testing.T) { one.run(t, tw, twinOf{own, tw}, "dj "+one.name) })
	}
	t.Run("objects", func(t *testing.T) { pickledObjects(t, tw, own, stored(t, db, files, engine)) })
}

// twinOf is a server whose session the twin tells.
type twinOf struct {
	*server
	twin *twin
}

// URL leads to the twin for what serve has no page for.
func (s twinOf) URL(path string) string {
	if strings.HasPrefix(path, "/twin/") {
		return s.twin.URL(path)
	}
	return s.server.URL(path)
}

// stored reads all sessions in the form in which they are stored.
func stored(t *testing.T, db testenv.Database, files, engine string) func() string {
	return func() string {
		var all strings.Builder
		switch engine {
		case "file":
			names, err := filepath.Glob(filepath.Join(files, "*"))
			must(t, err)
			for _, name := range names {
				text, err := os.ReadFile(name)
				must(t, err)
				all.WriteString(name + string(text) + "\n")
			}
		case "db":
			pool, err := sql.Open("sqlite3", "file:"+db.Name)
			must(t, err)
			defer pool.Close()
			rows, err := pool.QueryContext(t.Context(), "SELECT session_key || session_data || expire_date FROM django_session ORDER BY 1")
			must(t, err)
			defer rows.Close()
			for rows.Next() {
				var line string
				must(t, rows.Scan(&line))
				all.WriteString(line + "\n")
			}
			must(t, rows.Err())
		}
		return all.String()
	}
}

// pickledObjects: a session with Python objects is read, and never overwritten; a login
// and a logout still work in it.
func pickledObjects(t *testing.T, tw *twin, own *server, stored func() string) {
	ada := account("ada")
	b := loggedIn(t, tw, ada)
	b.wants(b.post(tw.URL("/twin/object/"), fields{}), http.StatusOK)
	before := stored()
	b.wants(b.get(own.URL("/accounts/profile/")), http.StatusOK)
	b.wants(b.get(own.URL("/")), http.StatusOK)
	if stored() != before {
		t.Error("a session with Python objects was written")
	}
	seen := b.get(tw.URL("/twin/whoami/"))
	if session := seen.field("session"); !strings.Contains(session, "2026-11-28T12:00:00") || !strings.Contains(session, "pair") {
		t.Errorf("the objects are gone: %s", session)
	}
	b.wants(b.post(own.URL("/accounts/login/"), ada), http.StatusOK) // where its changes can be saved
	b.wants(b.get(tw.URL("/accounts/profile/")), http.StatusOK)

	visitor := newBrowser(t)
	visitor.wants(visitor.post(tw.URL("/twin/session/"), fields{"cart": 3}), http.StatusOK)
	visitor.wants(visitor.post(tw.URL("/twin/object/"), fields{}), http.StatusOK)
	visitor.wants(visitor.post(own.URL("/accounts/login/"), ada), http.StatusOK)
	after := visitor.get(tw.URL("/twin/whoami/"))
	if after.field("user") != ada["username"] || !strings.Contains(after.field("session"), "cart:3") {
		t.Errorf("after a login here: %s", after.body)
	}
	visitor.wants(visitor.post(own.URL("/accounts/logout/"), fields{}), http.StatusOK)
	visitor.wants(visitor.get(tw.URL("/accounts/profile/")), http.StatusFound)
}
