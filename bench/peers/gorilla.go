package main

import (
	"errors"
	"net/http"
	"time"

	"github.com/antonlindstrom/pgstore"
	"github.com/gorilla/securecookie"

	"github.com/coatcheck/coatcheck/bench/plain"
	"github.com/coatcheck/coatcheck/bench/protocol"
)

// gorillaName is the name of the cookie and the session.
const gorillaName = "session"

func store(s protocol.Server) (*pgstore.PGStore, error) {
	store, err := pgstore.NewPGStore(s.Database, []byte(protocol.SecretKey)[:32])
	if err != nil {
		return nil, err
	}
	const most = 32
	store.DbPool.SetMaxOpenConns(most)
	store.DbPool.SetMaxIdleConns(most)
	store.Options.MaxAge = int(age / time.Second)
	return store, nil
}

func openGorilla(s protocol.Server, users plain.Rows) (http.Handler, error) {
	store, err := store(s)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, gorillaName)
		var forged securecookie.Error
		if err != nil && !(errors.As(err, &forged) && forged.IsDecode()) {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		id, _ := session.Values[userID].(int64)
		respond(w, r, users, id)
	}), nil
}
