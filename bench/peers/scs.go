package main

import (
	"context"
	"net/http"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/gomodule/redigo/redis"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coatcheck/coatcheck/bench/plain"
	"github.com/coatcheck/coatcheck/bench/protocol"
)

// age is how long sessions live, the same for all libraries.
const age = 14 * 24 * time.Hour

// userID is where a session keeps whose it is.
const userID = "user"

// manager returns the session manager of scs on its store, without clean-up.
func manager(ctx context.Context, s protocol.Server) (*scs.SessionManager, error) {
	m := scs.New()
	m.Lifetime, m.Cookie.Name = age, "session"
	if s.Kind == "scs-redis" {
		m.Store = redisstore.New(&redis.Pool{
			MaxIdle: 64, Dial: func() (redis.Conn, error) { return redis.Dial("tcp", s.Redis) },
		})
		return m, nil
	}
	pool, err := pgxpool.New(ctx, s.Database)
	if err != nil {
		return nil, err
	}
	m.Store = pgxstore.NewWithCleanupInterval(pool, 0)
	return m, nil
}

func openSCS(ctx context.Context, s protocol.Server, users plain.Rows) (http.Handler, error) {
	m, err := manager(ctx, s)
	if err != nil {
		return nil, err
	}
	return m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		respond(w, r, users, m.GetInt64(r.Context(), userID))
	})), nil
}
