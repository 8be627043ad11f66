package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// Link is a row of coatcheck_link: what a link that was mailed may do, once. It
// holds no token, and does not print its data.
type Link struct {
	// TokenHash is the SHA-256 of the token in the link, in hexadecimal digits.
	TokenHash string `json:"-"`
	// Kind is what the link is for, at most 20 characters. A token is good for one
	// kind only.
	Kind string
	// UserID is whom it concerns, as User.ID; empty for nobody yet.
	UserID string
	// Data is what belongs to it.
	Data string `json:"-"`
	// Created and Expires are its time.
	Created time.Time
	Expires time.Time
}

// String tells the kind, and nothing else.
func (l Link) String() string { return "link of kind " + l.Kind }

// GoString is String.
func (l Link) GoString() string { return l.String() }

// LogValue is String.
func (l Link) LogValue() slog.Value { return slog.StringValue(l.String()) }

// InsertLink stores a link; ErrDuplicate where the token exists.
func (db *DB) InsertLink(ctx context.Context, l Link) error {
	if err := check(field{"token hash", l.TokenHash, 64}, field{"kind", l.Kind, 20}, field{"user id", l.UserID, 64},
		field{"data", l.Data, 0}); err != nil {
		return err
	}
	count, err := db.exec(ctx, &db.own.insertLink, l.TokenHash, l.Kind, l.UserID, l.Data,
		db.dialect.Bind(l.Created), db.dialect.Bind(l.Expires))
	if err == nil && count == 0 {
		err = fmt.Errorf("database: insert link: %w", ErrDuplicate)
	}
	return err
}

// LinkByToken fetches a link of the kind that has not expired at now, or
// ErrNotFound. It stays good.
func (db *DB) LinkByToken(ctx context.Context, tokenHash, kind string, now time.Time) (*Link, error) {
	if !storable(tokenHash) {
		return nil, fmt.Errorf("database: link: %w", ErrNotFound)
	}
	var l Link
	err := db.row(ctx, &db.own.linkByToken, []any{tokenHash, kind, db.dialect.Bind(now)}, &l.TokenHash, &l.Kind, &l.UserID, &l.Data,
		&dialect.Time{Dest: &l.Created, Dialect: db.dialect}, &dialect.Time{Dest: &l.Expires, Dialect: db.dialect})
	if errors.Is(err, ErrNotFound) || err == nil && l.TokenHash != tokenHash { // MySQL ignores case
		return nil, fmt.Errorf("database: link: %w", ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &l, nil
}

// LinksOf lists the links of a kind that concern the user and have not expired at
// now.
func (db *DB) LinksOf(ctx context.Context, userID, kind string, now time.Time) ([]Link, error) {
	var all []Link
	err := db.rows(ctx, &db.own.linksOf, []any{userID, kind, db.dialect.Bind(now)}, func(rows *sql.Rows) error {
		var l Link
		err := rows.Scan(&l.TokenHash, &l.Kind, &l.UserID, &l.Data,
			&dialect.Time{Dest: &l.Created, Dialect: db.dialect}, &dialect.Time{Dest: &l.Expires, Dialect: db.dialect})
		all = append(all, l)
		return err
	}, func() { all = nil })
	return all, err
}

// UseLink uses a link up, and reports whether it was there: of any number who try
// at once it is true for one. Within [DB.Tx], what the link is for happens with it
// or not at all.
func (db *DB) UseLink(ctx context.Context, tokenHash, kind string, now time.Time) (bool, error) {
	if !storable(tokenHash) {
		return false, nil
	}
	count, err := db.exec(ctx, &db.own.useLink, tokenHash, kind, db.dialect.Bind(now))
	return count > 0, err
}

// DeleteLinks removes the links of a kind that concern the user.
func (db *DB) DeleteLinks(ctx context.Context, userID, kind string) error {
	_, err := db.exec(ctx, &db.own.deleteLinks, userID, kind)
	return err
}

// DeleteExpiredLinks removes links that have expired at now, and reports how many.
func (db *DB) DeleteExpiredLinks(ctx context.Context, now time.Time) (int64, error) {
	return db.exec(ctx, &db.own.deleteExpiredLinks, db.dialect.Bind(now))
}
