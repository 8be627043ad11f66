#!/usr/bin/env bash
# Package: github.com/ncruces/go-sqlite3 v0.37.0, its database/sql driver "sqlite3".
# Behaviour: a connection waits 60 seconds for a lock, unless the DSN has any _pragma at
# all. With _pragma=foreign_keys(1), which says nothing about waiting, it does not wait:
# the second of two writers gets "database is locked" at once.
# Guess: a _pragma sets what it names, and leaves the driver's defaults as they are.
# It fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >go.mod <<'MOD'
module finding

go 1.25

require github.com/ncruces/go-sqlite3 v0.37.0
MOD
cat >main.go <<'GO'
package main

import (
	"database/sql"
	"fmt"
	"log"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver"
)

func open(dsn string) *sql.DB {
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// write tries to write while another connection holds the lock for half a second.
func write(dsn string) (timeout int, waited bool) {
	holder, writer := open(dsn), open(dsn)
	defer holder.Close()
	defer writer.Close()
	if _, err := holder.Exec("CREATE TABLE IF NOT EXISTS t (a)"); err != nil {
		log.Fatal(err)
	}
	if err := writer.QueryRow("PRAGMA busy_timeout").Scan(&timeout); err != nil {
		log.Fatal(err)
	}
	tx, err := holder.Begin()
	if err == nil {
		_, err = tx.Exec("INSERT INTO t VALUES (1)")
	}
	if err != nil {
		log.Fatal(err)
	}
	time.AfterFunc(500*time.Millisecond, func() { tx.Commit() })
	_, err = writer.Exec("INSERT INTO t VALUES (2)")
	return timeout, err == nil
}

func main() {
	for _, dsn := range []string{"file:plain.db", "file:pragma.db?_pragma=foreign_keys(1)"} {
		timeout, waited := write(dsn)
		fmt.Printf("%s: busy_timeout %d ms, the second writer waited: %v\n", dsn, timeout, waited)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'WANT'
file:plain.db: busy_timeout 60000 ms, the second writer waited: true
file:pragma.db?_pragma=foreign_keys(1): busy_timeout 0 ms, the second writer waited: false
WANT
