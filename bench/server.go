package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/password"
)

const secret = "a secret key for measuring, long enough for any check that there is"

// serve is the child: all handlers in one process, each below a path of its own.
func serve(ctx context.Context, dsn string) error {
	db, err := open(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: secret},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1000}}},
		},
	})
	if err != nil {
		return err
	}
	cookie, err := login(ctx, site)
	if err != nil {
		return err
	}
	checks, err := newPlain(ctx, db)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/counters", counterPage)
	mux.Handle("/bare/", http.StripPrefix("/bare", bare()))
	mux.Handle("/plain/", http.StripPrefix("/plain", checks))
	mux.Handle("/site/", http.StripPrefix("/site", site.Handler(pages(site))))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	line, err := json.Marshal(ready{URL: "http://" + listener.Addr().String(), Cookie: cookie, Engine: db.Engine()})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	go http.Serve(listener, mux)
	_, err = io.Copy(io.Discard, os.Stdin) // until the parent goes
	return err
}

func open(ctx context.Context, dsn string) (*database.DB, error) {
	switch scheme, _, _ := strings.Cut(dsn, ":"); scheme {
	case "postgres", "postgresql":
		return postgres.Open(ctx, dsn)
	case "mysql":
		return mysql.Open(ctx, dsn)
	}
	return sqlite.Open(ctx, dsn)
}

// login creates a user and signs it in, and returns the cookie.
func login(ctx context.Context, site *coatcheck.Site) (string, error) {
	name := "bench-" + fmt.Sprint(os.Getpid())
	user, err := site.Auth.CreateUser(ctx, auth.NewUser{Username: name, Email: "bench@example.com", Password: "a password"})
	if err != nil {
		return "", err
	}
	response := httptest.NewRecorder()
	site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err = site.Auth.Login(r, user)
	})).ServeHTTP(response, httptest.NewRequest("POST", "/", nil))
	if err != nil {
		return "", err
	}
	for _, cookie := range response.Result().Cookies() {
		if cookie.Name == site.Sessions.Config().CookieName { // the other is the known device's
			return cookie.Name + "=" + cookie.Value, nil
		}
	}
	return "", errors.New("the login sent no session cookie")
}

func answer(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, text)
}

func bare() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/public/", func(w http.ResponseWriter, r *http.Request) { answer(w, `{"profile":"data"}`) })
	return mux
}

func pages(site *coatcheck.Site) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/public/", func(w http.ResponseWriter, r *http.Request) { answer(w, `{"profile":"data"}`) })
	mux.Handle("/profile/", site.RequireUser(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		answer(w, `{"profile":"private data of `+user.Username+`"}`)
	})))
	return mux
}

func counterPage(w http.ResponseWriter, _ *http.Request) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	json.NewEncoder(w).Encode(stats{CPU: usage.Utime.Nano() + usage.Stime.Nano(), Allocs: mem.Mallocs, Bytes: mem.TotalAlloc})
}
