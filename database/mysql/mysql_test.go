package mysql_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

func TestOpen(t *testing.T) {
	where := testenv.MariaDBDatabase(t)
	for _, dsn := range []string{where.URL(), where.DSN()} {
		db, err := mysql.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		for variable, want := range map[string]string{
			"@@time_zone": "+00:00", "@@sql_mode": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
			"@@character_set_client": "utf8mb4", "@@character_set_connection": "utf8mb4",
		} {
			var got string
			if err := db.SQL().QueryRowContext(t.Context(), "SELECT "+variable).Scan(&got); err != nil || got != want {
				t.Errorf("%s = %s, %v, want %s", variable, got, err, want)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// No error of Open holds the password.
func TestOpenKeepsThePassword(t *testing.T) {
	where := testenv.MariaDBDatabase(t)
	u, err := url.Parse(where.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(where.User, "canary")
	wrong := u.String()
	u.Path = "/no_such_database"
	for _, dsn := range []string{
		wrong, u.String(), "mysql://joe:canary@127.0.0.1:1/app", "mysql://joe:canary@/app?unix_socket=/no/such/mysql.sock",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		db, err := mysql.Open(ctx, dsn)
		cancel()
		if err == nil {
			t.Errorf("%s opened", dsn)
			_ = db.Close()
		} else if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(err.Error(), "canary") {
			t.Errorf("the error holds the password: %s", text)
		}
	}
}
