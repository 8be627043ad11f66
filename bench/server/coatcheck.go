package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/throttle"
)

// Open opens a database by its URL and creates the tables.
func Open(ctx context.Context, url string) (*database.DB, error) {
	switch scheme, _, _ := strings.Cut(url, ":"); scheme {
	case "postgres":
		return postgres.Open(ctx, url)
	case "mysql":
		return mysql.Open(ctx, url)
	}
	return sqlite.Open(ctx, url)
}

// Store returns the store of sessions of an engine of Django's.
func Store(ctx context.Context, db *database.DB, s protocol.Server) (sessions.Store, error) {
	signing := sessions.CodecConfig{Keys: coatcheck.Keys{Secret: protocol.SecretKey}}
	codec, err := sessions.NewCodec(signing)
	if err != nil {
		return nil, err
	}
	if s.Engine == "" {
		return dbstore.New(db, codec), nil
	}
	if s.Engine == "signed_cookies" {
		return cookiestore.NewIrrevocable(cookiestore.Config{Signing: signing})
	}
	cache, err := redis.Open(ctx, redis.Config{URL: "redis://" + s.Redis + "/0"})
	if err != nil {
		return nil, err
	}
	keys := cachestore.Keys{Prefix: s.Engine}
	switch s.Engine {
	case "cache":
		return cachestore.New(cachestore.Config{Cache: cache, Keys: keys})
	case "cached_db":
		return cacheddb.New(cacheddb.Config{Rows: dbstore.New(db, codec), Cache: cache, Keys: keys})
	}
	return nil, fmt.Errorf("there is no session engine %q", s.Engine)
}

// Hashers are those of a site, by Django's name; the default when it is empty.
func Hashers(name string, work int) []password.Hasher {
	switch name {
	case "argon2":
		return []password.Hasher{password.Argon2{}}
	case "bcrypt_sha256":
		return []password.Hasher{password.BCryptSHA256{}}
	case "scrypt":
		return []password.Hasher{password.Scrypt{}}
	case "pbkdf2_sha1":
		return []password.Hasher{password.PBKDF2SHA1{Iterations: work}}
	}
	return []password.Hasher{password.PBKDF2SHA256{Iterations: work}}
}

// Site is the site that is measured: Django's defaults, all checks, the list of sessions and
// the throttle on. One address may log in without limit, because all of the load has the same.
func Site(ctx context.Context, db *database.DB, s protocol.Server) (*coatcheck.Site, error) {
	store, err := Store(ctx, db, s)
	if err == nil && s.Memory > 0 {
		err = db.CreateTriggers(ctx)
	}
	if err != nil {
		return nil, err
	}
	return coatcheck.New(coatcheck.Config{
		Database:  db,
		Keys:      coatcheck.Keys{Secret: protocol.SecretKey},
		Site:      coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Sessions:  sessions.Config{Store: store, Memory: int64(s.Memory) << 20},
		Passwords: coatcheck.PasswordOptions{Hashing: password.Config{Hashers: Hashers(s.Hasher, s.Work)}},
		Logins: coatcheck.LoginOptions{Throttle: attempts.Config{
			Address: throttle.Limit{Burst: 1_000_000, Every: time.Millisecond},
		}},
	})
}

// controls are what a server does on demand of the bench.
type controls = map[string]http.HandlerFunc

// coatcheckSite is a site with its housekeeping, as in production.
func coatcheckSite(ctx context.Context, s protocol.Server) (http.Handler, controls, error) {
	db, err := Open(ctx, s.Database)
	if err != nil {
		return nil, nil, err
	}
	site, err := Site(ctx, db, s)
	if err != nil {
		return nil, nil, err
	}
	control := controls{
		"POST /run": func(http.ResponseWriter, *http.Request) { go site.Run(ctx) }, //nolint:errcheck // nil
		"POST /clear": func(w http.ResponseWriter, r *http.Request) {
			n, err := site.Sessions.ClearExpired(r.Context())
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(n)
		},
	}
	handler, err := looked(site, s.Looks, control)
	return handler, control, err
}

// Pages are those of the site: public, login-required, and the account pages.
func Pages(site *coatcheck.Site) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(protocol.PublicPath, public)
	mux.Handle(protocol.ProfilePath, site.RequireUser(http.HandlerFunc(profile)))
	mux.Handle("/accounts/", site.Views)
	return mux
}

func profile(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	protocol.Respond(w, protocol.Profile(user.Username))
}
