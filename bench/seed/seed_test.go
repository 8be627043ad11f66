package seed

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/bench/server"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/password"
)

// TestSessionsAreThoseOfALogin logs a seeded user in, and compares what that stores with what is
// seeded: keys, order and values. A second request finds the user of each seeded cookie.
func TestSessionsAreThoseOfALogin(t *testing.T) {
	for _, database := range testenv.Databases(t) {
		t.Run(database.Engine, func(t *testing.T) {
			url := database.URL()
			if database.Engine == "sqlite3" {
				url = "sqlite:" + filepath.Join(t.TempDir(), "seed.sqlite3")
			}
			hasher := protocol.Server{Hasher: "pbkdf2_sha256", Work: 1}
			keys, err := Database(t.Context(), url, Plan{
				Users: 3, Expired: 2, LoginUsers: 1, Hashers: []protocol.Server{hasher},
			})
			if err != nil {
				t.Fatal(err)
			}
			check(t, url, hasher, keys)
		})
	}
}

func check(t *testing.T, url string, hasher protocol.Server, keys []string) {
	t.Helper()
	db, err := server.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	site, err := server.Site(t.Context(), db, hasher)
	if err != nil {
		t.Fatal(err)
	}
	pages := site.Handler(server.Pages(site))
	for i, key := range keys {
		request := httptest.NewRequest(http.MethodGet, protocol.ProfilePath, nil)
		request.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
		response := httptest.NewRecorder()
		pages.ServeHTTP(response, request)
		if want := protocol.Profile("user-" + string(rune('1'+i))); response.Body.String() != want {
			t.Errorf("session %d: %d %s, want %s", i+1, response.Code, response.Body, want)
		}
	}
	body := `{"username":"` + LoginName(hasher) + `0","password":"` + protocol.Password + `"}`
	request := httptest.NewRequest(http.MethodPost, protocol.LoginPath, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	response := httptest.NewRecorder()
	pages.ServeHTTP(response, request)
	var key string
	for _, cookie := range response.Result().Cookies() {
		if cookie.Name == "sessionid" {
			key = cookie.Value
		}
	}
	record, err := site.Sessions.Config().Store.Load(t.Context(), key)
	if err != nil {
		t.Fatalf("the login: %d %s, %v", response.Code, response.Body, err)
	}
	user, err := site.Auth.UserByUsername(t.Context(), LoginName(hasher)+"0")
	if err != nil {
		t.Fatal(err)
	}
	if seeded := seededFor(t, site.Auth, user); record.Data.JSON() != seeded {
		t.Errorf("a login stores %s, and what is seeded is %s", record.Data.JSON(), seeded)
	}
	if n, err := site.Sessions.ClearExpired(t.Context()); n != 2 || err != nil {
		t.Errorf("%d expired sessions, want 2: %v", n, err)
	}
}

// seededFor is what the seed would store for a user, the fourth of the table.
func seededFor(t *testing.T, service *auth.Service, user *auth.User) string {
	t.Helper()
	if user.ID != "4" {
		t.Fatalf("the user who logs in has the ID %s", user.ID)
	}
	m := &maker{auth: service, ending: "0", hashes: []password.Hash{"", "", "", user.Password}}
	return m.Data(3).JSON()
}
