package coatcheck_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// otpTables are those of django-otp, as its migrations create them; {id}, {time} and {key} differ.
var otpTables = []string{
	`CREATE TABLE otp_totp_totpdevice (id {id}, name varchar(64) NOT NULL, confirmed bool NOT NULL, {key} varchar(80) NOT NULL,
		step smallint NOT NULL, t0 bigint NOT NULL, digits smallint NOT NULL, tolerance smallint NOT NULL, drift smallint NOT NULL,
		last_t bigint NOT NULL, user_id integer NOT NULL, throttling_failure_count integer NOT NULL, throttling_failure_timestamp {time} NULL)`,
	`CREATE TABLE otp_static_staticdevice (id {id}, name varchar(64) NOT NULL, confirmed bool NOT NULL, user_id integer NOT NULL,
		throttling_failure_count integer NOT NULL, throttling_failure_timestamp {time} NULL)`,
	`CREATE TABLE otp_static_statictoken (id {id}, token varchar(16) NOT NULL, device_id integer NOT NULL)`,
}

// otpEngines are the engines, and how they spell what differs.
var otpEngines = map[string]struct {
	fresh func(testing.TB) testenv.Database
	open  func(context.Context, string) (*database.DB, error)
	types *strings.Replacer
}{
	"SQLite":     {testenv.SQLiteDatabase, sqlite.Open, strings.NewReplacer("{id}", "integer PRIMARY KEY AUTOINCREMENT", "{time}", "datetime", "{key}", `"key"`)},
	"PostgreSQL": {testenv.PostgresDatabase, postgres.Open, strings.NewReplacer("{id}", "serial PRIMARY KEY", "{time}", "timestamptz", "{key}", `"key"`)},
	"MariaDB":    {testenv.MariaDBDatabase, mysql.Open, strings.NewReplacer("{id}", "integer AUTO_INCREMENT PRIMARY KEY", "{time}", "datetime(6)", "{key}", "`key`")},
}

// otpSite is a site beside a django-otp, with a user who has a device and two tokens.
func otpSite(t *testing.T, engine string) (*coatchecktest.Site, http.Handler, *phone) {
	t.Helper()
	e := otpEngines[engine]
	where := e.fresh(t)
	db, err := e.open(t.Context(), where.DSN())
	if err != nil {
		t.Fatal(err)
	}
	user := &auth.User{Username: "ada", IsActive: true}
	if user.Password, err = coatchecktest.NewSite(t).Auth.Passwords().Make(t.Context(), factorPassword); err == nil {
		err = db.CreateUser(t.Context(), user)
	}
	key := strings.Repeat("12345678", 5)
	rows := []string{
		"INSERT INTO otp_totp_totpdevice VALUES (1, 'phone', true, '" + key + "', 30, 0, 6, 1, 0, -1, " + user.ID + ", 0, NULL)",
		"INSERT INTO otp_totp_totpdevice VALUES (2, 'not yet', false, '" + strings.Repeat("00", 20) + "', 30, 0, 6, 1, 0, -1, " + user.ID + ", 0, NULL)",
		"INSERT INTO otp_static_staticdevice VALUES (7, 'backup', true, " + user.ID + ", 0, NULL)",
		"INSERT INTO otp_static_statictoken (token, device_id) VALUES ('abcd7efg', 7), ('222xyzab', 7)",
	}
	for _, text := range append(append([]string{}, otpTables...), rows...) {
		_, failed := db.Pool().ExecContext(t.Context(), e.types.Replace(text))
		err = errors.Join(err, failed)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if db, err = e.open(t.Context(), where.DSN()); err != nil { // which finds the tables
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	site, h := factorSite(t, func(c *coatcheck.Config) { c.Database = db })
	raw, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	return site, h, &phone{t: t, secret: base32NoPad.EncodeToString(raw)}
}

// TestDjangoOTP: a user with a device of a Django's django-otp is asked for its code, which works
// once, or for one of its tokens; and the session has what django-otp's login stores.
func TestDjangoOTP(t *testing.T) {
	for engine := range otpEngines {
		t.Run(engine, func(t *testing.T) {
			site, h, p := otpSite(t, engine)
			c := toCode(t, site, h)
			if got := sendCode(c, "000000"); got.Status != http.StatusBadRequest {
				t.Errorf("a wrong code: %d", got.Status)
			}
			code := p.at(0)
			if got := sendCode(c, code); got.Status != http.StatusBadRequest {
				t.Errorf("a code in the pause after a wrong one: %d", got.Status)
			}
			time.Sleep(1100 * time.Millisecond)
			code = p.at(0)
			if got := sendCode(c, code); got.Status != http.StatusOK || c.Get("/who/").Body != "ada" {
				t.Fatalf("the code: %d %s", got.Status, got.Body)
			}
			wantDevice(t, c, `"otp_totp.totpdevice/1"`)
			var last, drift, failures int64
			row := site.Database.Pool().QueryRowContext(t.Context(), "SELECT last_t, drift, throttling_failure_count FROM otp_totp_totpdevice WHERE id = 1")
			if err := row.Scan(&last, &drift, &failures); err != nil || last < time.Now().Unix()/30-1 || failures != 0 {
				t.Errorf("last_t %d, drift %d, failures %d, %v", last, drift, failures, err)
			}
			again := toCode(t, site, h)
			if got := sendCode(again, code); got.Status != http.StatusBadRequest {
				t.Errorf("the code again: %d", got.Status)
			}
			if got := sendCode(again, "ABCD-7EFG"); got.Status != http.StatusOK {
				t.Fatalf("a token: %d %s", got.Status, got.Body)
			}
			wantDevice(t, again, `"otp_static.staticdevice/7"`)
			if got := sendCode(toCode(t, site, h), "abcd7efg"); got.Status != http.StatusBadRequest {
				t.Errorf("a token again: %d", got.Status)
			}
			if got := again.Get("/accounts/two_factor/"); !strings.Contains(got.Body, `"app":false,"django_otp":true,"recovery_codes":1,`) {
				t.Errorf("the overview: %s", got.Body)
			}
		})
	}
}

// wantDevice checks which device of django-otp a session has.
func wantDevice(t *testing.T, c *coatchecktest.Client, want string) {
	t.Helper()
	if got, _, err := c.Session().Get(t.Context(), sessionkeys.OTPDevice); err != nil || got != want {
		t.Errorf("otp_device_id: %s, %v", got, err)
	}
}

// TestDjangoOTPOnce: of 32 who try one code at once, one is signed in.
func TestDjangoOTPOnce(t *testing.T) {
	for engine := range otpEngines {
		t.Run(engine, func(t *testing.T) {
			site, h, p := otpSite(t, engine)
			clients := make(chan *coatchecktest.Client, 32)
			for range cap(clients) {
				clients <- toCode(t, site, h)
			}
			close(clients)
			code, results := p.at(0), make(chan int, cap(clients))
			for c := range clients {
				go func() { results <- sendCode(c, code).Status }()
			}
			statuses := map[int]int{}
			for range cap(results) {
				statuses[<-results]++
			}
			if statuses[http.StatusOK] != 1 {
				t.Error(fmt.Sprint("statuses: ", statuses))
			}
		})
	}
}
