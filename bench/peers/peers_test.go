package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// users creates the table of users as Django has it, with so many of them.
func users(t *testing.T, url string, n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // a test's
	if _, err := conn.Exec(t.Context(), `CREATE TABLE auth_user (id integer PRIMARY KEY, password varchar(128) NOT NULL,
		last_login timestamptz, is_superuser boolean NOT NULL, username varchar(150) NOT NULL, first_name varchar(150) NOT NULL,
		last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff boolean NOT NULL, is_active boolean NOT NULL,
		date_joined timestamptz NOT NULL);
		INSERT INTO auth_user SELECT n, '!', NULL, false, 'user-' || n, '', '', '', false, n <> 3, now()
		FROM generate_series(1, `+strconv.Itoa(n)+`) n`); err != nil {
		t.Fatal(err)
	}
}

// TestPeers seeds sessions for each library, whose pages then know the user of every cookie, and
// nobody without one or where the user is inactive.
func TestPeers(t *testing.T) {
	database := testenv.PostgresDatabase(t).URL()
	redis := testenv.Redis(t)
	const n = 3
	users(t, database, n)
	for _, kind := range []string{"scs-pgx", "scs-redis", "gorilla-pgstore"} {
		t.Run(kind, func(t *testing.T) {
			s := protocol.Server{Kind: kind, Database: database, Redis: redis}
			file := filepath.Join(t.TempDir(), "cookies")
			if err := seed(t.Context(), protocol.Seed{Server: s, Sessions: n, File: file}); err != nil {
				t.Fatal(err)
			}
			handler, err := open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			cookies := strings.Split(strings.TrimSpace(string(text)), "\n")
			if len(cookies) != n {
				t.Fatalf("%d cookies, want %d", len(cookies), n)
			}
			for i, cookie := range append(cookies, "", "session=nothing") {
				request := httptest.NewRequest(http.MethodGet, protocol.ProfilePath, nil)
				request.Header.Set("Cookie", cookie)
				response := httptest.NewRecorder()
				handler.ServeHTTP(response, request)
				want := ""
				if i < n-1 {
					want = protocol.Profile("user-" + strconv.Itoa(i+1))
				}
				if got := response.Body.String(); (want != "" && got != want) || (want == "" && response.Code != http.StatusFound) {
					t.Errorf("cookie %d: %d %s, want %q", i+1, response.Code, got, want)
				}
			}
		})
	}
}
