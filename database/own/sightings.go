package own

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// How many rows a statement about many sessions is for, at most.
const (
	mostSeen    = 64
	mostIndexed = 256
)

// seenArgs is how many arguments there are for a session that was seen.
const seenArgs = 8

// locatorKind is how many characters of a locator differ where it was made by another key.
const locatorKind = "10"

// sightingQueries are the statements about many sessions of the index at once.
type sightingQueries struct{ seen, insert, known, remove *many }

func newSightingQueries(d *dialect.Dialect) sightingQueries {
	in := func(rows int) string {
		return " FROM coatcheck_session WHERE key_hash IN (" + repeated("{1}", rows, 1, ", ") + ")"
	}
	return sightingQueries{
		seen: newMany(mostSeen, func(rows int) dialect.Query {
			return d.Query("indexed sessions seen", seenText(d, rows))
		}),
		insert: newMany(mostIndexed, func(rows int) dialect.Query {
			values := repeated("({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})", rows, 8, ", ")
			return d.Query("sessions indexed", insertIndexed+" VALUES "+values+d.Keep("key_hash"))
		}),
		known: newMany(mostIndexed, func(rows int) dialect.Query {
			return d.Query("indexed sessions found", "SELECT key_hash"+in(rows))
		}),
		remove: newMany(mostIndexed, func(rows int) dialect.Query {
			return d.Query("indexed sessions deleted", "DELETE"+in(rows))
		}),
	}
}

// seenText updates each row if it is due: it was written so long ago, or a shorter time and by
// another place, or by the walk that adopts sessions, which knows no place, or its locator is of
// another kind. Each row has the hash, the user, the address, the user agent, the locator, the
// time, and before which time the row in the table is due, or due from another place.
func seenText(d *dialect.Dialect, rows int) string {
	const due = "s.key_hash = {1} AND s.user_id = {2} AND (s.last_seen <= {7}" +
		" OR s.last_seen <= {8} AND (s.ip <> {3} OR s.user_agent <> {4})" +
		" OR s.ip = '' AND s.user_agent = ''" +
		" OR SUBSTR(s.locator, 1, " + locatorKind + ") <> SUBSTR({5}, 1, " + locatorKind + "))"
	if d.UpdateFrom {
		column := strings.NewReplacer("{", "v.column", "}", "")
		cast := d.TimeCast
		values := "({1}, {2}, {3}, {4}, {5}, {6}" + cast + ", {7}" + cast + ", {8}" + cast + ")"
		return "UPDATE coatcheck_session AS s SET " +
			column.Replace("ip = {3}, user_agent = {4}, locator = {5}, last_seen = {6}") +
			" FROM (VALUES " + repeated(values, rows, seenArgs, ", ") + ") AS v WHERE " + column.Replace(due)
	}
	set := func(column, arg string) string {
		cases := repeated("WHEN {1} THEN "+arg, rows, seenArgs, " ")
		return column + " = CASE key_hash " + cases + " ELSE " + column + " END"
	}
	return "UPDATE coatcheck_session AS s SET " + strings.Join([]string{
		set("ip", "{3}"), set("user_agent", "{4}"), set("locator", "{5}"), set("last_seen", "{6}"),
	}, ", ") + " WHERE " + repeated(due, rows, seenArgs, " OR ")
}

// SeeIndexedSessions writes where and when sessions were seen, and by what their keys can be
// found again, in one statement for many rows. A row that was written less than every before
// LastSeen stays as it is, so that any number of nodes write it once in that time; for one that
// was seen at another place the time is moved. It returns how many rows it wrote.
func (s *Store) SeeIndexedSessions(
	ctx context.Context, rows []IndexedSession, every, moved time.Duration,
) (int64, error) {
	for _, row := range rows {
		if err := row.check(); err != nil {
			return 0, err
		}
	}
	return execMany(ctx, s, s.q.sightings.seen, sorted(rows), func(row IndexedSession) []any {
		return []any{
			row.KeyHash, row.UserID, row.IP, row.UserAgent, row.Locator, s.d.Bind(row.LastSeen),
			s.d.Bind(row.LastSeen.Add(-every)), s.d.Bind(row.LastSeen.Add(-moved)),
		}
	})
}

// InsertIndexedSessions adds rows, in one statement for many. Those that are there already
// stay as they are.
func (s *Store) InsertIndexedSessions(ctx context.Context, rows []IndexedSession) error {
	for _, row := range rows {
		if err := row.check(); err != nil {
			return err
		}
	}
	_, err := execMany(ctx, s, s.q.sightings.insert, sorted(rows), s.insertArgs)
	return err
}

// KnownIndexedSessions returns which of the hashes the index has.
func (s *Store) KnownIndexedSessions(ctx context.Context, hashes []string) (map[string]bool, error) {
	known := make(map[string]bool, len(hashes))
	err := inPieces(s.q.sightings.known, hashes, text, func(q *dialect.Query, args []any) error {
		found, err := database.Collect(ctx, s.db, q, args, func(name *string) []any { return []any{name} })
		for _, name := range found {
			known[name] = true
		}
		return err
	})
	return known, err
}

// DeleteIndexedSessions removes rows, in one statement for many. Those that are not there are
// no error.
func (s *Store) DeleteIndexedSessions(ctx context.Context, hashes []string) error {
	_, err := execMany(ctx, s, s.q.sightings.remove, slices.Sorted(slices.Values(hashes)), text)
	return err
}

func text(hash string) []any { return []any{hash} }

// sorted has rows in the order in which every node locks them.
func sorted(rows []IndexedSession) []IndexedSession {
	return slices.SortedFunc(slices.Values(rows), func(a, b IndexedSession) int {
		return strings.Compare(a.KeyHash, b.KeyHash)
	})
}

// insertArgs are the arguments of a statement that adds a row.
func (s *Store) insertArgs(row IndexedSession) []any {
	return []any{
		row.KeyHash, row.UserID, row.Locator, row.Method, row.IP, row.UserAgent,
		s.d.Bind(row.Created), s.d.Bind(row.LastSeen),
	}
}

// check refuses what the columns cannot hold.
func (row *IndexedSession) check() error {
	return column.Check(
		column.Of("key hash", row.KeyHash, 64), column.Of("user id", row.UserID, 64),
		column.Of("locator", row.Locator, 255), column.Of("method", row.Method, 40),
		column.Of("ip", row.IP, 45), column.Of("user agent", row.UserAgent, 512),
	)
}
