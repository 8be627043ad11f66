package database

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// UsernameKeys returns a key for each of two texts, which are equal where the
// database takes the texts for one username: guesses at a password are counted by
// them. It looks at the texts alone, so that the keys tell nothing about which users
// exist, and costs the same whatever they are. With fold it compares without regard
// to case, as UserByUsernameFold does, else as UserByUsername does.
//
// SQLite and PostgreSQL compare bytes, and there the key is the text. MySQL compares
// by the collation of the column, which may ignore case, accents, trailing spaces
// and characters that nobody sees; there it is asked for the weights that it
// compares by. Keys have a prefix by which those of different kinds differ. Two keys
// of one username may differ where a column has a collation of the site's own on
// SQLite or PostgreSQL, or several levels on MySQL.
func (db *DB) UsernameKeys(ctx context.Context, names [2]string, fold bool) (keys [2]string, err error) {
	for i, name := range names {
		keys[i] = "text:" + name
	}
	for _, name := range names {
		if !column.Storable(name) || len(name) > maxKeyed {
			return keys, nil // no username
		}
	}
	switch {
	case db.dialect.BinaryCast:
		return db.usernameWeights(ctx, names, keys)
	case !fold:
		return keys, nil
	case db.dialect.FoldUpper:
		err = db.row(ctx, &db.queries.upperNames, []any{names[0], names[1]}, &keys[0], &keys[1])
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
			return keys, nil // the database has not all of their characters: it keeps no such name
		}
	default:
		for i, name := range names {
			keys[i] = strings.Map(lowerASCII, name)
		}
	}
	return [2]string{"fold:" + keys[0], "fold:" + keys[1]}, err
}

// maxKeyed is beyond every username and email address in bytes.
const maxKeyed = 1280

// lowerASCII is what LIKE of SQLite makes of letters.
func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// usernameWeights asks for the weights of two texts by the column's collation. A text
// that the column's character set lacks has the key it came with.
func (db *DB) usernameWeights(ctx context.Context, names, keys [2]string) ([2]string, error) {
	weights, err := collect(ctx, db, &db.queries.nameWeights, []any{names[0], names[1]}, func(rows *sql.Rows, weight *string) error {
		return rows.Scan(weight)
	})
	if errors.Is(err, ErrInvalid) || err == nil && len(weights) != 3 {
		return keys, nil
	}
	if err != nil {
		return keys, err
	}
	for i := range keys {
		keys[i] = "weight:" + trimWeights(weights[i], weights[2])
	}
	return keys, nil
}

// trimWeights removes the weights of spaces from the end of a text's weights, since
// most collations compare as if they were not there. RTRIM has not seen those with
// an ignored character behind them.
func trimWeights(weights, space string) string {
	for space != "" && len(weights)%len(space) == 0 && strings.HasSuffix(weights, space) {
		weights = weights[:len(weights)-len(space)]
	}
	return weights
}

// usernameKeys spells what UsernameKeys asks for. In a union with the column the
// texts have the column's collation.
func (q *queries) usernameKeys(d *dialect.Dialect, t *userTable) {
	q.upperNames = d.Query("usernames put in upper case", "SELECT UPPER(?1::text), UPPER(?2::text)")
	q.nameWeights = d.Query("usernames weighed", "SELECT HEX(WEIGHT_STRING(x)) FROM ("+
		"SELECT 0 AS n, "+t.column["username"]+" AS x FROM "+t.name+" WHERE 1 = 0 UNION ALL SELECT 1, RTRIM(?1)"+
		" UNION ALL SELECT 2, RTRIM(?2) UNION ALL SELECT 3, ' ') texts ORDER BY n")
}
