package conformance_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

// own is Coatcheck's side of the twins: the addresses of the Django site, with
// the account pages of package views and the /twin/ views below.
type own struct {
	site *coatcheck.Site
	base string
}

// newOwn serves Coatcheck on the database, whose absent tables it creates.
func newOwn(t *testing.T, db testenv.Database) *own {
	t.Helper()
	return newOwnWith(t, db, database.UserModel{})
}

// newOwnWith is newOwn with a user model of the site's own and other changes.
func newOwnWith(t *testing.T, db testenv.Database, model database.UserModel, changes ...func(*coatcheck.Config)) *own {
	t.Helper()
	config := coatcheck.Config{
		Database: openDatabase(t, db, model),
		Keys:     coatcheck.Keys{Secret: secretKey},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Web: coatcheck.WebOptions{
			Guard: coatcheck.GuardCrossOrigin, // the tests post JSON, without tokens
		},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: append([]password.Hasher{password.PBKDF2SHA256{Iterations: 10000}}, password.DefaultHashers()[1:]...)},
		},
	}
	for _, change := range changes {
		change(&config)
	}
	site, err := coatcheck.New(config)
	if err != nil {
		t.Fatal(err)
	}
	o := &own{site: site}
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /twin/whoami/", view(o.whoami))
	mux.Handle("POST /twin/session/", view(o.setSession))
	mux.Handle("POST /twin/password/", view(o.changePassword))
	mux.Handle("POST /twin/deactivate/", view(o.deactivate))
	server := httptest.NewServer(site.Handler(mux))
	t.Cleanup(server.Close)
	o.base = server.URL
	return o
}

func openDatabase(t *testing.T, db testenv.Database, model database.UserModel) *database.DB {
	t.Helper()
	opened, err := open(t, db, model)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened
}

func open(t *testing.T, db testenv.Database, model database.UserModel) (*database.DB, error) {
	switch db.Engine {
	case "postgresql":
		return postgres.Config{DSN: db.DSN(), UserModel: model}.Open(t.Context())
	case "mysql":
		return mysql.Config{DSN: db.DSN(), UserModel: model}.Open(t.Context())
	default:
		return sqlite.Config{DSN: db.DSN(), UserModel: model}.Open(t.Context())
	}
}

// URL is an address of Coatcheck's side.
func (o *own) URL(path string) string { return o.base + path }

// view responds with the object that f gives, or with its status.
func view(f func(r *http.Request, sent fields) (fields, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent fields
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
				middleware.Say(w, r, http.StatusBadRequest, err.Error())
				return
			}
		}
		answer, err := f(r, sent)
		switch {
		case errors.Is(err, auth.ErrInvalidCredentials):
			middleware.Say(w, r, http.StatusUnauthorized, "Invalid credentials")
		case err != nil:
			middleware.Fail(w, r, err)
		default:
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(answer)
		}
	})
}

func (o *own) whoami(r *http.Request, _ fields) (fields, error) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return nil, err
	}
	session, err := sessions.FromContext(r.Context())
	if err != nil {
		return nil, err
	}
	data, err := session.Data(r.Context())
	return fields{
		"user": user.Username, "user_id": user.ID, "is_authenticated": user.IsAuthenticated(), "is_superuser": user.IsSuperuser,
		"session_key": string(session.Key()), "session": json.RawMessage(data.JSON()),
	}, err
}

func (o *own) setSession(r *http.Request, sent fields) (fields, error) {
	session, err := sessions.FromContext(r.Context())
	for key, value := range sent {
		switch {
		case err != nil:
			return nil, err
		case value == nil:
			_, err = session.Delete(r.Context(), key)
		default:
			err = session.Set(r.Context(), key, value)
		}
	}
	return fields{"message": "Session changed"}, err
}

func (o *own) changePassword(r *http.Request, sent fields) (fields, error) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return nil, err
	}
	verdict, err := o.site.Auth.Passwords().Check(r.Context(), sent["old"].(string), user.Password)
	if err != nil || !verdict.OK {
		return nil, errors.Join(err, auth.ErrInvalidCredentials)
	}
	if err := o.site.Auth.SetPassword(r.Context(), user, sent["new"].(string)); err != nil {
		return nil, err
	}
	return fields{"message": "Password changed"}, o.site.Auth.UpdateSessionAuthHash(r, user)
}

func (o *own) deactivate(r *http.Request, sent fields) (fields, error) {
	user, err := o.site.Auth.UserByUsername(r.Context(), sent["username"].(string))
	if err != nil {
		return nil, err
	}
	user.IsActive = false
	return fields{"message": "User deactivated"}, o.site.Database.UpdateUser(r.Context(), user)
}

// binary builds the command line once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "coatcheck-twins-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "coatcheck")
	out, err := exec.Command("go", "-C", "..", "build", "-o", path, "./cmd/coatcheck").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// coatcheckCommand runs the command line on the database.
func coatcheckCommand(t *testing.T, db testenv.Database, env []string, args ...string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(append(os.Environ(), "COATCHECK_DATABASE="+db.URL(), "COATCHECK_PASSWORD_ITERATIONS=10000", "COATCHECK_SECRET_KEY="+secretKey), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("coatcheck %v: %v\n%s", args, err, out)
	}
}
