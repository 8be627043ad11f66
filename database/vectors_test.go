package database_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/vectors"
)

// storage are the recorded results for an engine, of one kind.
func storage(t *testing.T, e engine, kind string) []vectors.Record {
	t.Helper()
	var records []vectors.Record
	for _, r := range vectors.Load(t, "db_storage") {
		if db, _ := r.Text(t, "db"); db == e.vector && r.Kind() == kind {
			records = append(records, r)
		}
	}
	if len(records) == 0 {
		t.Fatalf("no record of %s for %s", kind, e.name)
	}
	return records
}

// Every record of db_storage is one of the kinds that the tests below read, on
// one of the engines.
func TestStorageVectorsAreAllRead(t *testing.T) {
	read := 0
	for _, e := range engines {
		for _, kind := range []string{"row", "lookup", "unique_case", "sql"} {
			read += len(storage(t, e, kind))
		}
	}
	if all := len(vectors.Load(t, "db_storage")); read != all {
		t.Errorf("%d of %d records are read", read, all)
	}
}

// storedRow is a record of kind row: a time and a boolean as Django stored them.
type storedRow struct {
	UseTZ      bool   `json:"USE_TZ"`
	TimeZone   string `json:"TIME_ZONE"`
	Value      string
	Login      string `json:"raw_last_login"`
	LoginType  string `json:"raw_type"`
	Active     string `json:"raw_is_active"`
	ActiveType string `json:"raw_is_active_type"`
	Expire     string `json:"raw_expire"`
	ReadBack   string `json:"read_back"`
	TokenPart  string `json:"reset_hash_login_part"`
}

// location is what Config.Location is to be for the site.
func (r storedRow) location(t *testing.T) *time.Location {
	if r.UseTZ {
		return nil
	}
	loc, err := time.LoadLocation(r.TimeZone)
	must(t, err)
	return loc
}

const isoFormat = "2006-01-02T15:04:05.999999"

// iso writes the wall clock as Python's isoformat.
func iso(t time.Time) string {
	if t.Nanosecond() == 0 {
		return t.Format(isoFormat)
	}
	return t.Format("2006-01-02T15:04:05.000000")
}

// raw reads the columns as Django's recorder did, past our own code.
var raw = map[string]string{
	"sqlite": `SELECT CAST(last_login AS TEXT), typeof(last_login), CAST(is_active AS TEXT), typeof(is_active),
		(SELECT CAST(expire_date AS TEXT) FROM django_session WHERE session_key = 'k%s') FROM auth_user WHERE id = %s`,
	"postgres": `SELECT last_login::text, pg_typeof(last_login)::text, is_active::text, pg_typeof(is_active)::text,
		(SELECT expire_date::text FROM django_session WHERE session_key = 'k%s') FROM auth_user WHERE id = %s`,
	"mysql": `SELECT CAST(last_login AS CHAR), '', CAST(is_active AS CHAR), '',
		(SELECT CAST(expire_date AS CHAR) FROM django_session WHERE session_key = 'k%s') FROM auth_user WHERE id = %s`,
}

// A row that we write holds what Django's holds, whatever USE_TZ and TIME_ZONE
// are, and comes back as the same moment.
func TestStorageVectorsRow(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		open := map[string]*database.DB{}
		for i, r := range storage(t, e, "row") {
			var want storedRow
			r.DecodeAll(t, &want)
			loc := want.location(t)
			site := fmt.Sprint(loc)
			if open[site] == nil {
				open[site] = e.reopen(t, where, loc)
			}
			testStoredRow(t, open[site], r, want, loc, fmt.Sprintf("joe%d", i))
		}
	})
}

func testStoredRow(t *testing.T, db *database.DB, r vectors.Record, want storedRow, loc *time.Location, name string) {
	t.Helper()
	layout, suffix := isoFormat, ""
	if loc == nil {
		loc, layout, suffix = time.UTC, isoFormat+"-07:00", "+00:00"
	}
	value, err := time.ParseInLocation(layout, want.Value, loc)
	must(t, err)
	active := want.Active == "1" || want.Active == "true"
	u := &database.User{Username: name, IsActive: active, LastLogin: value}
	must(t, db.CreateUser(t.Context(), u))
	must(t, db.InsertSession(t.Context(), database.Session{Key: "k" + u.ID, Data: "x", Expires: value}))

	got := storedRow{UseTZ: want.UseTZ, TimeZone: want.TimeZone, Value: want.Value}
	conn, err := db.Pool().Conn(t.Context())
	must(t, err)
	defer conn.Close()
	if db.Engine() == "postgres" {
		_, err := conn.ExecContext(t.Context(), "SET TIME ZONE '"+loc.String()+"'") // as Django does
		must(t, err)
	}
	row := conn.QueryRowContext(t.Context(), fmt.Sprintf(raw[db.Engine()], u.ID, u.ID))
	must(t, row.Scan(&got.Login, &got.LoginType, &got.Active, &got.ActiveType, &got.Expire))
	must(t, conn.Close())
	back, err := db.UserByID(t.Context(), u.ID)
	must(t, err)
	got.ReadBack = iso(back.LastLogin.In(db.Location())) + suffix
	got.TokenPart = back.LastLogin.In(db.Location()).Format(time.DateTime)
	if got != want {
		t.Errorf("%v:\n got %+v\nwant %+v", r, got, want)
	}
	s, err := db.SessionByKey(t.Context(), "k"+u.ID, value.Add(-time.Microsecond))
	if err != nil || !s.Expires.Equal(value) {
		t.Errorf("%v: the session ends %v, %v", r, s, err)
	}
}

// Rows that Django wrote, put in as it left them, mean the same to us.
func TestStorageVectorsRead(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		open := map[string]*database.DB{}
		for i, r := range storage(t, e, "row") {
			var row storedRow
			r.DecodeAll(t, &row)
			loc := row.location(t)
			site := fmt.Sprint(loc)
			if open[site] == nil {
				open[site] = e.reopen(t, where, loc)
			}
			db := open[site]
			u := user(t, db, fmt.Sprintf("joe%d", i))
			run(t, db,
				fmt.Sprintf("UPDATE auth_user SET last_login = '%s' WHERE id = %s", row.Login, u.ID),
				fmt.Sprintf("INSERT INTO django_session VALUES ('k%s', 'x', '%s')", u.ID, row.Expire))
			got, err := db.UserByID(t.Context(), u.ID)
			must(t, err)
			back := iso(got.LastLogin.In(db.Location()))
			if back != strings.TrimSuffix(row.ReadBack, "+00:00") {
				t.Errorf("%v: %v", r, back)
			}
			for _, now := range []struct {
				at    time.Duration
				alive bool
			}{{-time.Microsecond, true}, {0, false}, {time.Microsecond, false}} {
				_, err := db.SessionByKey(t.Context(), "k"+u.ID, got.LastLogin.Add(now.at))
				if (err == nil) != now.alive {
					t.Errorf("%v: %v from its end: %v", r, now.at, err)
				}
			}
		}
	})
}

func TestStorageVectorsLookup(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := e.db(t)
		for _, r := range storage(t, e, "lookup") {
			var want struct {
				Stored, Query string
				Exact, Iexact bool
			}
			r.DecodeAll(t, &want)
			if _, err := db.UserByUsername(t.Context(), want.Stored); errors.Is(err, database.ErrNotFound) {
				user(t, db, want.Stored)
			}
			_, exact := db.UserByUsername(t.Context(), want.Query)
			_, fold := db.UserByUsernameFold(t.Context(), want.Query)
			taken, err := db.UsernameTaken(t.Context(), want.Query)
			must(t, err)
			if (exact == nil) != want.Exact || (fold == nil) != want.Iexact || taken != want.Iexact {
				t.Errorf("%v: %q: exact %v, iexact %v, taken %v", r, want.Query, exact, fold, taken)
			}
		}
	})
}

func TestStorageVectorsUniqueCase(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := e.db(t)
		for i, r := range storage(t, e, "unique_case") {
			user(t, db, fmt.Sprintf("Unique%d", i))
			err := db.CreateUser(t.Context(), &database.User{Username: fmt.Sprintf("uNIQUE%d", i)})
			got := "ok"
			if errors.Is(err, database.ErrDuplicate) {
				got = "IntegrityError"
			} else {
				must(t, err)
			}
			if want, _ := r.Text(t, "second_insert"); got != want {
				t.Errorf("%v: %s, want %s", r, got, want)
			}
		}
	})
}
