//go:build cgo

package main

import (
	"context"
	"net/http"
	"strings"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/coatcheck/coatcheck/bench/plain"
	"github.com/coatcheck/coatcheck/bench/protocol"
)

// openMattn is the yardstick on SQLite itself, by C.
func openMattn(ctx context.Context, s protocol.Server) (http.Handler, error) {
	rows, err := plain.SQLite(ctx, "sqlite3", "file:"+strings.TrimPrefix(s.Database, "sqlite:")+
		"?_txlock=immediate&_busy_timeout=5000&_journal_mode=WAL&_synchronous=NORMAL")
	if err != nil {
		return nil, err
	}
	return plain.New(rows), nil
}
