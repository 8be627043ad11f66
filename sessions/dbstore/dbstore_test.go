package dbstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

func codec(t *testing.T, key string) *sessions.Codec {
	t.Helper()
	c, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: key}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// suite runs sessionstest on one database; each test gets keys of its own.
func suite(t *testing.T, db *database.DB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	sessionstest.TestStore(t, func(t *testing.T) sessions.Store {
		if _, err := db.DeleteExpiredSessions(t.Context(), time.Now().Add(1000*time.Hour), 1_000_000); err != nil {
			t.Fatal(err)
		}
		return dbstore.New(db, codec(t, "a key for these tests"))
	})
}

func TestSQLite(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sessions.db"))
	suite(t, db, err)
}

func TestSQLiteInMemory(t *testing.T) {
	db, err := sqlite.Open(t.Context(), ":memory:")
	suite(t, db, err)
}

func TestPostgres(t *testing.T) {
	db, err := postgres.Open(t.Context(), testenv.Postgres(t))
	suite(t, db, err)
}

func TestMariaDB(t *testing.T) {
	db, err := mysql.Open(t.Context(), testenv.MariaDB(t))
	suite(t, db, err)
}

func TestOtherKeyIsCorrupt(t *testing.T) {
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, record := sessions.NewKey(), &sessions.Record{Expires: time.Now().Add(time.Hour)}
	if err := record.Data.Set("_auth_user_id", `"1"`); err != nil {
		t.Fatal(err)
	}
	if err := dbstore.New(db, codec(t, "one key")).Create(t.Context(), key, record); err != nil {
		t.Fatal(err)
	}
	got, err := dbstore.New(db, codec(t, "another key")).Load(t.Context(), key)
	if err != nil || got.Corrupt == nil || got.Data.Len() != 0 {
		t.Errorf("%v, %v", got, err)
	}
}
