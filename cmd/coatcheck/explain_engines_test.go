package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestExplainEngines: a session of every engine is found, and said to be gone after a logout; what is
// wrong with it in the ways of that engine too.
func TestExplainEngines(t *testing.T) {
	redis := testenv.Redis(t)
	folder := t.TempDir()
	for name, engine := range map[string]struct {
		flags  []string
		broken func(s *explained, flags []string)
	}{
		"file": {[]string{"--session-file-path", folder}, func(s *explained, flags []string) {
			past := time.Now().Add(-15*24*time.Hour - time.Hour)
			if err := os.Chtimes(filepath.Join(folder, "sessionid"+s.keys["alice"]), past, past); err != nil {
				t.Fatal(err)
			}
			s.check(says{"old", s.keys["alice"], flags, exitFailed, "session.expired", "the session expired 1 day ago"})
		}},
		"cached_db": {[]string{"--cache", "redis://" + redis + "/0"}, func(s *explained, flags []string) {
			statement(t, s.where, "UPDATE django_session SET session_data = 'coat' WHERE session_key = ?", s.keys["alice"])
			s.check(says{"broken", s.keys["alice"], flags, exitFailed, "session.bad_signature", "not the form of a signed text"})
		}},
		"cache": {[]string{"--cache", "redis://" + redis + "/1"}, func(s *explained, flags []string) {
			redisSays(t, redis, "SELECT 1", "SET :1:django.contrib.sessions.cache"+s.keys["alice"]+" coat")
			s.check(says{"broken", s.keys["alice"], flags, exitFailed, "session.corrupt", "compare --cache-key-prefix"})
		}},
		"signed_cookies": {nil, func(s *explained, flags []string) {
			key := s.keys["alice"]
			s.check(says{"changed", "Cookie: sessionid=" + key + "x", flags, exitFailed, "session.missing", "44 characters instead of 43"})
			short := append(flags, "--session-cookie-age", "1")
			wait(t, "two seconds", func() bool { return time.Since(s.p.started) > 2100*time.Millisecond })
			s.check(says{"old", "Cookie: sessionid=" + key, short, exitFailed, "session.expired", "the session expired"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			flags := append([]string{"--session-engine", name}, engine.flags...)
			s := newExplained(t, flags...)
			s.login("alice")
			gone := s.p.visitor()
			cookie := "Cookie: sessionid=" + gone.enter("bob", "battery staple")
			s.check(says{"good", "Cookie: sessionid=" + s.keys["alice"], flags, exitOK, "user.found", "'alice'"})
			s.check(says{"good too", cookie, flags, exitOK, "user.found", "'bob'"})
			gone.post("/accounts/logout/", nil)
			if name == "signed_cookies" { // whose sessions nobody can end
				s.check(says{"after a logout", cookie, flags, exitOK, "user.found", "'bob'"})
			} else {
				s.check(says{"after a logout", cookie, flags, exitFailed, "session.missing", "there is no session of this key"})
			}
			if name != "cached_db" {
				bare := append(flags, "--no-database")
				s.check(says{"no database", "Cookie: sessionid=" + s.keys["alice"], bare, exitOK, "session.loaded", ""})
			}
			engine.broken(s, flags)
		})
	}
}

// TestExplainDatabases: explain asks each kind of database, and changes nothing.
func TestExplainDatabases(t *testing.T) {
	for _, where := range testenv.Databases(t) {
		t.Run(where.Engine, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			t.Setenv("COATCHECK_DATABASE", where.URL())
			t.Setenv("COATCHECK_SECRET_KEY", strings.Repeat("a key for explain ", 3))
			s := &explained{explainer: &explainer{t: t, dir: dir}, where: where, keys: map[string]string{}}
			s.p, s.db = start(t, dir, []string{"COATCHECK_CREATE=true"}), nil
			s.db = openDatabase(t, where)
			key := s.login("alice")
			if status := s.p.stop(); status != exitOK {
				t.Fatalf("the exit status is %d", status)
			}
			before := s.contents()
			got := s.check(says{"good", key, nil, exitOK, "user.found", "'alice'"})
			if left := time.Until(got.Expires); left < 13*24*time.Hour || left > 14*24*time.Hour {
				t.Errorf("it ends in %v", left)
			}
			s.check(says{"another key", key, []string{"--secret-key-file", "key"}, exitUsage, "", ""})
			if after := s.contents(); !slices.Equal(before, after) {
				t.Errorf("explain wrote:\n%v\nbefore it was\n%v", after, before)
			}
			past := time.Now().UTC().Add(-49 * time.Hour).Format(time.DateTime)
			statement(t, where, "UPDATE django_session SET expire_date = '"+past+"' WHERE session_key = '"+key+"'")
			s.check(says{"expired", key, nil, exitFailed, "session.expired", "the session expired 2 days ago"})
			s.check(says{"of another case", strings.ToUpper(key), []string{"--as", "session-key"}, exitFailed, "session.missing", "there is no session"})
		})
	}
}

// contents are the sessions, the users and what is known of sessions, and the bytes of a file.
func (s *explained) contents() (all []string) {
	s.t.Helper()
	for _, query := range []string{
		"SELECT session_key, session_data FROM django_session", "SELECT username, password FROM auth_user",
		"SELECT user_id, ip FROM coatcheck_session",
	} {
		rows, err := open(s.t, s.where).QueryContext(s.t.Context(), query)
		if err != nil {
			s.t.Fatalf("%s: %v", query, err)
		}
		for rows.Next() {
			var first, second any
			if err := rows.Scan(&first, &second); err != nil {
				s.t.Fatal(err)
			}
			all = append(all, string(bytes.Join([][]byte{asBytes(first), asBytes(second)}, []byte(" "))))
		}
		if err := rows.Err(); err != nil {
			s.t.Fatal(err)
		}
	}
	slices.Sort(all)
	if s.where.Engine == "sqlite3" {
		file, err := os.ReadFile(s.where.Name)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, string(file))
	}
	return all
}

func asBytes(value any) []byte {
	if b, ok := value.([]byte); ok {
		return b
	}
	text, _ := value.(string)
	return []byte(text)
}

// TestExplainOutage: a store that does not respond is an error, and never says that a session is
// not good.
func TestExplainOutage(t *testing.T) {
	s := newExplained(t)
	key := s.login("alice")
	asked := filepath.Join(s.dir, "asked")
	if err := os.WriteFile(asked, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	o, e, status := command(t, s.dir, "explain", "--session-engine", "cached_db", "--cache", "redis://127.0.0.1:1/0",
		"--no-cached-db-read-rows", asked)
	if status != exitFailed || o != "" || e == "" || strings.Contains(e, key) {
		t.Errorf("no cache: %d %s%s", status, o, e)
	}
	statement(t, s.where, "DROP TABLE auth_user_groups")
	statement(t, s.where, "DROP TABLE django_session")
	o, e, status = command(t, s.dir, "explain", asked)
	if status != exitFailed || o != "" || !strings.Contains(e, "django_session") || strings.Contains(e, key) {
		t.Errorf("no table: %d %s%s", status, o, e)
	}
}
