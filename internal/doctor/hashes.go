package doctor

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/internal/findings"
	"github.com/coatcheck/coatcheck/password"
)

// recentUsers is how many of those who logged in last are looked at.
const recentUsers = "100"

// hashes counts the stored hashes by their kinds.
func (x *examination) hashes(ctx context.Context, tx *sql.Tx) error {
	counts := map[findings.Hashes]int{}
	query := "SELECT " + x.quote(x.column("password")) + " FROM " + x.quote(x.model.Table)
	err := eachHash(ctx, tx, query, func(h password.Hash) {
		kind := findings.Hashes{Algorithm: h.Algorithm(), Rounds: h.Rounds()}
		kind.Unusable = !h.Usable() || h == ""
		if reason := x.passwords.Look(h).Reason; reason.Stuck() && !kind.Unusable {
			kind.Stuck = string(reason)
		}
		counts[kind]++
	})
	for kind, n := range counts {
		kind.Count = n
		x.seen.Hashes = append(x.seen.Hashes, kind)
	}
	return err
}

// recent counts the users who logged in last by the iterations of their hash.
func (x *examination) recent(ctx context.Context, tx *sql.Tx) error {
	x.seen.Recent = map[int]int{}
	last := x.quote(x.column("last_login"))
	query := "SELECT " + x.quote(x.column("password")) + " FROM " + x.quote(x.model.Table) +
		" WHERE " + last + " IS NOT NULL ORDER BY " + last + " DESC LIMIT " + recentUsers
	return eachHash(ctx, tx, query, func(h password.Hash) {
		if n, err := strconv.Atoi(h.Rounds()); err == nil && h.Algorithm() == "pbkdf2_sha256" {
			x.seen.Recent[n]++
		}
	})
}

// eachHash calls a function for each hash of a query.
func eachHash(ctx context.Context, tx *sql.Tx, query string, each func(password.Hash)) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			return err
		}
		each(password.Hash(text.String))
	}
	return rows.Err()
}

// LoginTime measures what a login costs on this machine: once, or twice where it is slow, since
// the machine may have been busy.
func LoginTime(ctx context.Context, hashers *password.Hashers) (time.Duration, error) {
	first, err := dummyTime(ctx, hashers)
	if err != nil || first <= findings.SlowLogin {
		return first, err
	}
	second, err := dummyTime(ctx, hashers)
	return min(first, second), err
}

func dummyTime(ctx context.Context, hashers *password.Hashers) (time.Duration, error) {
	start := time.Now()
	err := hashers.Dummy(ctx, "what a login costs")
	return time.Since(start), err
}
