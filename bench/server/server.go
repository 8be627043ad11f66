// Package server is the process that is measured: a yardstick, or a site by Coatcheck.
package server

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strings"

	_ "github.com/go-sql-driver/mysql"       // the driver "mysql"
	_ "github.com/ncruces/go-sqlite3/driver" // the driver "sqlite3"

	"github.com/coatcheck/coatcheck/bench/plain"
	"github.com/coatcheck/coatcheck/bench/protocol"
)

// Run is the process: in says which server, and ends it.
func Run(ctx context.Context, in io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := bufio.NewReader(in)
	var s protocol.Server
	if err := protocol.ReadLine(r, &s); err != nil {
		return err
	}
	var handler http.Handler
	var control map[string]http.HandlerFunc
	var err error
	switch s.Kind {
	case "bare":
		handler = http.HandlerFunc(bare)
	case "plain":
		var rows plain.Rows
		rows, err = open(ctx, s.Database)
		handler = plain.New(rows)
	case "coatcheck":
		handler, control, err = coatcheckSite(ctx, s)
	default:
		err = fmt.Errorf("there is no server %q", s.Kind)
	}
	if err != nil {
		return err
	}
	return protocol.Serve(handler, control, r)
}

// bare is a handler and nothing else: of the public page, and of one as if somebody were signed in.
func bare(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == protocol.PublicPath {
		public(w, r)
		return
	}
	protocol.Respond(w, protocol.Profile("user1"))
}

func public(w http.ResponseWriter, _ *http.Request) { protocol.Respond(w, protocol.Public) }

// open returns the rows of the yardstick by the drivers that Coatcheck has.
func open(ctx context.Context, url string) (plain.Rows, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "postgres":
		return plain.PostgreSQL(ctx, url)
	case "mysql":
		pool, err := sql.Open("mysql", driverDSN(rest)+"?parseTime=true&interpolateParams=false")
		if err != nil {
			return nil, err
		}
		pool.SetMaxOpenConns(32)
		pool.SetMaxIdleConns(32)
		return plain.SQL(ctx, pool, pool, plain.UTC)
	}
	return plain.SQLite(ctx, "sqlite3", "file:"+rest+
		"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)")
}

// driverDSN is what go-sql-driver takes of //user:password@host:port/name.
func driverDSN(rest string) string {
	account, place, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "@")
	host, name, _ := strings.Cut(place, "/")
	return account + "@tcp(" + host + ")/" + name
}
