package conformance_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

const (
	modelBackend = "django.contrib.auth.backends.ModelBackend"
	emailBackend = "backends.EmailBackend" // of the twin, which finds users by email
)

// TestAuthenticationBackends: a user of a site with two backends is signed in here by
// whichever of them, and a backend that is not listed is told once.
func TestAuthenticationBackends(t *testing.T) {
	t.Parallel()
	eachEnd(t, func(t *testing.T, version string) {
		db := testenv.SQLiteDatabase(t)
		tw := newTwin(t, version, db, "AUTHENTICATION_BACKENDS="+modelBackend+","+emailBackend)
		both := startServe(t, db, "--authentication-backend", modelBackend, "--authentication-backend", emailBackend)
		one := startServe(t, db)
		tw.Start()
		user := fields{"username": "ada", "password": somePassword, "email": "ada@example.com"}
		byEmail := fields{"username": "ada@example.com", "password": somePassword}
		b := newBrowser(t)
		b.wants(b.post(tw.URL("/accounts/signup/"), user), http.StatusCreated)
		for range 3 {
			b.wants(b.post(tw.URL("/accounts/login/"), byEmail), http.StatusOK)
			b.wants(b.get(both.URL("/accounts/profile/")), http.StatusOK)
			b.wants(b.get(one.URL("/accounts/profile/")), http.StatusFound)
			b.wants(b.get(tw.URL("/accounts/profile/")), http.StatusOK) // the session was kept
			b.wants(b.post(tw.URL("/accounts/logout/"), fields{}), http.StatusOK)
		}
		if n := one.count("WARN", "--authentication-backend", emailBackend); n != 1 {
			t.Errorf("%d warnings of an unknown backend, want 1", n)
		}
		if n := both.count("WARN", "backend"); n != 0 {
			t.Errorf("%d warnings of known backends", n)
		}
		b.wants(b.post(both.URL("/accounts/login/"), byEmail), http.StatusUnauthorized) // nobody signs in by it here
		b.wants(b.post(both.URL("/accounts/login/"), user), http.StatusOK)
		b.wants(b.get(tw.URL("/accounts/profile/")), http.StatusOK)
	})
}

// TestAuthenticationBackendAlone: on a site that lists only a class of its own, a login
// here bears its name, which the site accepts.
func TestAuthenticationBackendAlone(t *testing.T) {
	t.Parallel()
	db := testenv.SQLiteDatabase(t)
	own := startServe(t, db, "--authentication-backend", emailBackend)
	tw := newTwin(t, newestDjango(t), db, "AUTHENTICATION_BACKENDS="+emailBackend)
	tw.Start()
	user := fields{"username": "ada", "password": somePassword, "email": "ada@example.com"}
	b := newBrowser(t)
	b.wants(b.post(tw.URL("/accounts/signup/"), user), http.StatusCreated)
	b.wants(b.post(own.URL("/accounts/login/"), user), http.StatusOK)
	b.wants(b.get(tw.URL("/accounts/profile/")), http.StatusOK)
	if n := own.count("WARN", "--authentication-backend", emailBackend); n != 1 {
		t.Errorf("%d warnings of the backend that was assumed, want 1", n)
	}
}

// eachEnd runs the test under the oldest and the newest Django.
func eachEnd(t *testing.T, test func(t *testing.T, version string)) {
	all := testenv.Djangos(t)
	for _, version := range slices.Compact([]string{all[0], all[len(all)-1]}) {
		t.Run("Django "+version, func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}

// newestDjango is the last version that is on this machine.
func newestDjango(t *testing.T) string {
	all := testenv.Djangos(t)
	return all[len(all)-1]
}
