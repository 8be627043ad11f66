package coatcheck_test

import (
	"context"
	"log"
	"os"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/signing"
)

// Sessions in Redis, as Django's cache engine keeps them.
func Example_sessionsInRedis() {
	ctx, secretKey := context.Background(), os.Getenv("SECRET_KEY")
	db, err := sqlite.Open(ctx, "app.db")
	if err != nil {
		log.Fatal(err)
	}
	cache, err := redis.Open(ctx, redis.Config{URL: "redis://:password@10.0.0.5:6379/1"})
	if err != nil {
		log.Fatal(err)
	}
	store, err := cachestore.New(cachestore.Config{Cache: cache})
	if err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: secretKey},
		Sessions: sessions.Config{Store: store},
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Print(site.Sessions.Config().CookieName)
}

// Sessions in rows, with copies in Redis, as Django's cached_db engine keeps them.
func Example_sessionsInRowsAndRedis() {
	ctx, secretKey := context.Background(), os.Getenv("SECRET_KEY")
	db, err := sqlite.Open(ctx, "app.db")
	if err != nil {
		log.Fatal(err)
	}
	cache, err := redis.Open(ctx, redis.Config{URL: "redis://:password@10.0.0.5:6379/1"})
	if err != nil {
		log.Fatal(err)
	}
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}})
	if err != nil {
		log.Fatal(err)
	}
	store, err := cacheddb.New(cacheddb.Config{Rows: dbstore.New(db, codec), Cache: cache})
	if err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: secretKey},
		Sessions: sessions.Config{Store: store},
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Print(site.Sessions.Config().CookieName)
}
