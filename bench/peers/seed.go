package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/securecookie"
	"github.com/jackc/pgx/v5"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// seed writes a session for each user by the codec of the library, and the cookies into a file.
func seed(ctx context.Context, s protocol.Seed) error {
	tokens := make([]string, s.Sessions)
	for i := range tokens {
		tokens[i] = rand.Text() + rand.Text()
	}
	cookies := tokens
	var err error
	switch s.Kind {
	case "scs-redis":
		err = seedRedis(ctx, s, tokens)
	case "scs-pgx":
		err = seedSCS(ctx, s, tokens)
	case "gorilla-pgstore":
		cookies, err = seedGorilla(ctx, s, tokens)
	default:
		err = fmt.Errorf("%q keeps no sessions", s.Kind)
	}
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, cookie := range cookies {
		text.WriteString("session=" + cookie + "\n")
	}
	return os.WriteFile(s.File, []byte(text.String()), 0o600)
}

// encode returns what scs stores of the session of a user.
func encode(i int, expires time.Time) ([]byte, error) {
	return scs.GobCodec{}.Encode(expires, map[string]any{userID: int64(i + 1)})
}

func seedRedis(ctx context.Context, s protocol.Seed, tokens []string) error {
	m, err := manager(ctx, s.Server)
	if err != nil {
		return err
	}
	expires := time.Now().Add(age)
	for i, token := range tokens {
		data, err := encode(i, expires)
		if err != nil {
			return err
		}
		if err := m.Store.Commit(token, data, expires); err != nil {
			return err
		}
	}
	return nil
}

func seedSCS(ctx context.Context, s protocol.Seed, tokens []string) error {
	return fill(ctx, s, table{
		create: "CREATE TABLE sessions (token text PRIMARY KEY, data bytea NOT NULL, " +
			"expiry timestamptz NOT NULL); CREATE INDEX sessions_expiry_idx ON sessions (expiry)",
		name: "sessions", columns: []string{"token", "data", "expiry"},
	}, func(i int) ([]any, error) {
		expires := time.Now().Add(age)
		data, err := encode(i, expires)
		return []any{tokens[i], data, expires}, err
	})
}

func seedGorilla(ctx context.Context, s protocol.Seed, tokens []string) ([]string, error) {
	store, err := store(s.Server) // creates its table
	if err != nil {
		return nil, err
	}
	defer store.Close()
	cookies := make([]string, len(tokens))
	http := table{
		name:    "http_sessions",
		columns: []string{"key", "data", "created_on", "modified_on", "expires_on"},
	}
	return cookies, fill(ctx, s, http, func(i int) ([]any, error) {
		var err error
		if cookies[i], err = securecookie.EncodeMulti(gorillaName, tokens[i], store.Codecs...); err != nil {
			return nil, err
		}
		values := map[any]any{userID: int64(i + 1)}
		data, err := securecookie.EncodeMulti(gorillaName, values, store.Codecs...)
		now := time.Now()
		return []any{[]byte(tokens[i]), []byte(data), now, now, now.Add(age)}, err
	})
}

// table is where a library keeps sessions, and how it is created.
type table struct {
	create, name string
	columns      []string
}

// fill copies a row for each session into a table.
func fill(ctx context.Context, s protocol.Seed, t table, row func(i int) ([]any, error)) error {
	conn, err := pgx.Connect(ctx, s.Database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // all is done by then
	if t.create != "" {
		if _, err := conn.Exec(ctx, t.create); err != nil {
			return err
		}
	}
	rows := pgx.CopyFromSlice(s.Sessions, row)
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, rows); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "VACUUM ANALYZE "+t.name)
	return err
}
