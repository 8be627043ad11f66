package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestSignupsWithoutEmail: any number of visitors sign up without an email address where
// the site's own model has EmailField(null=True, unique=True).
func TestSignupsWithoutEmail(t *testing.T) {
	for _, d := range testenv.Databases(t) {
		t.Run(d.Engine, func(t *testing.T) {
			key, moment := "integer PRIMARY KEY AUTOINCREMENT", "datetime"
			switch d.Engine {
			case "postgresql":
				key, moment = "bigserial PRIMARY KEY", "timestamptz"
			case "mysql":
				key, moment = "bigint AUTO_INCREMENT PRIMARY KEY", "datetime(6)"
			}
			if out, err := quietly(t, t.TempDir(), "migrate", "--create", "--database", d.URL()).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			statement(t, d, strings.NewReplacer("KEY", key, "TIME", moment).Replace(
				`CREATE TABLE accounts_member (id KEY, password varchar(128) NOT NULL, last_login TIME, username varchar(150) NOT NULL UNIQUE,
				first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NULL UNIQUE,
				is_staff bool NOT NULL, is_active bool NOT NULL, date_joined TIME NOT NULL)`))
			p := start(t, t.TempDir(), nil, "--database", d.URL(), "--user-table", "accounts_member", "--user-column", "is_superuser=")
			for _, name := range []string{"alice", "bob", "carol"} {
				if got := p.visitor().post("/accounts/signup/", credentials(name, "correct horse")); got.status != http.StatusCreated {
					t.Errorf("%s: %d %s", name, got.status, got.body)
				}
			}
		})
	}
}
