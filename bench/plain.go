package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database"
)

// plain is the yardstick of a login-required page: what a careful programmer
// writes into one handler, without layers. Two dependent SELECTs by prepared
// statements, and every check of Django.
type plain struct {
	session, user        func(ctx context.Context, args ...any) *sql.Row
	dataKey, authHashKey []byte
	naive                bool // the engine keeps times as text
}

func newPlain(ctx context.Context, db *database.DB) (*plain, error) {
	p := &plain{
		dataKey:     derive("django.contrib.sessions.SessionStoresigner"),
		authHashKey: derive("django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"),
		naive:       db.Engine() == "sqlite",
	}
	first, second := "?", "?"
	if db.Engine() == "postgres" {
		first, second = "$1", "$2"
	}
	var err error
	p.session, err = query(ctx, db, "SELECT session_data FROM django_session WHERE session_key = "+first+" AND expire_date > "+second)
	if err != nil {
		return nil, err
	}
	p.user, err = query(ctx, db, "SELECT id, password, CAST(last_login AS "+text(db)+"), is_superuser, username, first_name, last_name, "+
		"email, is_staff, is_active, CAST(date_joined AS "+text(db)+") FROM auth_user WHERE id = "+first)
	return p, err
}

// query prepares a statement, except for PostgreSQL, whose driver does so itself.
func query(ctx context.Context, db *database.DB, text string) (func(context.Context, ...any) *sql.Row, error) {
	if db.Engine() == "postgres" {
		return func(ctx context.Context, args ...any) *sql.Row { return db.SQL().QueryRowContext(ctx, text, args...) }, nil
	}
	stmt, err := db.Pool().PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryRowContext, nil
}

func text(db *database.DB) string {
	switch db.Engine() {
	case "sqlite":
		return "TEXT"
	case "mysql":
		return "DATETIME(6)"
	}
	return "timestamptz"
}

func derive(salt string) []byte {
	key := sha256.Sum256([]byte(salt + secret))
	return key[:]
}

func mac(key []byte, value string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(value))
	return h.Sum(nil)
}

var errNobody = errors.New("nobody is signed in")

func (p *plain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Cookie")
	username, err := p.check(r)
	switch {
	case errors.Is(err, errNobody):
		http.Redirect(w, r, "/accounts/login/?next="+r.URL.Path, http.StatusFound)
	case err != nil:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		answer(w, `{"profile":"private data of `+username+`"}`)
	}
}

func (p *plain) check(r *http.Request) (string, error) {
	cookie, err := r.Cookie("sessionid")
	if err != nil || len(cookie.Value) < 8 {
		return "", errNobody
	}
	var now any = time.Now().UTC()
	if p.naive {
		now = time.Now().UTC().Format("2006-01-02 15:04:05.000000")
	}
	var signed string
	if err := p.session(r.Context(), cookie.Value, now).Scan(&signed); err != nil {
		return "", nobody(err)
	}
	payload, err := p.verify(signed)
	if err != nil {
		return "", errNobody
	}
	var data map[string]any
	if err := json.Unmarshal(payload, &data); err != nil {
		return "", errNobody
	}
	id, _ := data["_auth_user_id"].(string)
	backend, _ := data["_auth_user_backend"].(string)
	stored, _ := data["_auth_user_hash"].(string)
	if id == "" || backend != "django.contrib.auth.backends.ModelBackend" {
		return "", errNobody
	}
	return p.load(r, id, stored)
}

func (p *plain) load(r *http.Request, id, stored string) (string, error) {
	var u struct {
		id                                     int64
		password, username, first, last, email string
		superuser, staff, active               bool
	}
	var lastLogin, joined any
	err := p.user(r.Context(), id).Scan(&u.id, &u.password, &lastLogin, &u.superuser, &u.username, &u.first, &u.last,
		&u.email, &u.staff, &u.active, &joined)
	if err != nil {
		return "", nobody(err)
	}
	if !u.active || !hmac.Equal([]byte(stored), []byte(hex.EncodeToString(mac(p.authHashKey, u.password)))) {
		return "", errNobody
	}
	return u.username, nil
}

func nobody(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errNobody
	}
	return err
}

// verify is django.core.signing.loads up to the JSON.
func (p *plain) verify(signed string) ([]byte, error) {
	i := strings.LastIndexByte(signed, ':')
	if i < 0 {
		return nil, errNobody
	}
	want := base64.RawURLEncoding.EncodeToString(mac(p.dataKey, signed[:i]))
	if !hmac.Equal([]byte(want), []byte(signed[i+1:])) {
		return nil, errNobody
	}
	payload := signed[:i]
	j := strings.LastIndexByte(payload, ':')
	if j < 0 {
		return nil, errNobody
	}
	encoded, compressed := strings.CutPrefix(payload[:j], ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !compressed {
		return raw, err
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
