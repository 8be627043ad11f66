#!/usr/bin/env bash
# Packages: modernc.org/sqlite v1.62.0 and github.com/ncruces/go-sqlite3 v0.37.0, as
# database/sql drivers with their defaults.
# Behaviour: the same time.Time becomes two texts, neither of which is Django's
# "2026-11-29 12:00:00.123456". modernc.org writes what Time.String prints, for time.Now with
# the reading of the monotonic clock ("m=+0.01"); ncruces writes RFC 3339 with a T. SQLite
# compares texts by bytes: a T is greater than a space, so a session that expired at noon is
# not expired all day for a query that compares it with Django's text of the same evening.
# Guess: drivers write one spelling, that of SQLite's own date functions.
# It fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat >go.mod <<'MOD'
module finding

go 1.25

require (
	github.com/ncruces/go-sqlite3 v0.37.0
	modernc.org/sqlite v1.62.0
)
MOD
cat >main.go <<'GO'
package main

import (
	"database/sql"
	"fmt"
	"log"
	"strings"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver"
	_ "modernc.org/sqlite"
)

// stored returns the text that a driver makes of a time, and whether it is before the same
// evening as Django writes it.
func stored(driver string, at time.Time) (text string, before bool) {
	db, err := sql.Open(driver, "file:"+driver+".db")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec("CREATE TABLE IF NOT EXISTS django_session (expire_date datetime)")
	if err == nil {
		_, err = db.Exec("INSERT INTO django_session VALUES (?)", at)
	}
	if err == nil {
		err = db.QueryRow("SELECT CAST(expire_date AS TEXT), expire_date < '2026-11-29 18:00:00'"+
			" FROM django_session ORDER BY rowid DESC").Scan(&text, &before)
	}
	if err != nil {
		log.Fatal(err)
	}
	return text, before
}

func main() {
	noon := time.Date(2026, 11, 29, 12, 0, 0, 123456000, time.UTC)
	for _, driver := range []string{"sqlite", "sqlite3"} {
		text, before := stored(driver, noon)
		fmt.Printf("%s: %q, before the evening: %v\n", driver, text, before)
	}
	text, _ := stored("sqlite", time.Now())
	fmt.Println("sqlite, time.Now: with a monotonic clock:", strings.Contains(text, " m=+"))
}
GO
export GOFLAGS=-mod=mod
go run . >seen 2>log || { cat log; exit 1; }
cat seen
diff - seen <<'SEEN'
sqlite: "2026-11-29 12:00:00.123456 +0000 UTC", before the evening: true
sqlite3: "2026-11-29T12:00:00.123456Z", before the evening: false
sqlite, time.Now: with a monotonic clock: true
SEEN
