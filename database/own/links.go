package own

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
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

// String reports the kind, and nothing else.
func (l Link) String() string { return "link of kind " + l.Kind }

// GoString is String.
func (l Link) GoString() string { return l.String() }

// LogValue is String.
func (l Link) LogValue() slog.Value { return slog.StringValue(l.String()) }

// InsertLink stores a link; database.ErrDuplicate where the token exists.
func (s *Store) InsertLink(ctx context.Context, l Link) error {
	if err := column.Check(column.Of("token hash", l.TokenHash, 64), column.Of("kind", l.Kind, 20), column.Of("user id", l.UserID, 64),
		column.Of("data", l.Data, 0)); err != nil {
		return err
	}
	return s.insertOne(ctx, "insert link", &s.q.insertLink, l.TokenHash, l.Kind, l.UserID, l.Data,
		s.d.Bind(l.Created), s.d.Bind(l.Expires))
}

// LinkByToken fetches a link of the kind that has not expired at now, or
// database.ErrNotFound. It stays good.
func (s *Store) LinkByToken(ctx context.Context, tokenHash, kind string, now time.Time) (*Link, error) {
	if !column.Storable(tokenHash) {
		return nil, fmt.Errorf("database: link: %w", database.ErrNotFound)
	}
	var l Link
	err := s.db.Row(ctx, &s.q.linkByToken, []any{tokenHash, kind, s.d.Bind(now)}, s.link(&l)...)
	if errors.Is(err, database.ErrNotFound) || err == nil && l.TokenHash != tokenHash { // MySQL ignores case
		return nil, fmt.Errorf("database: link: %w", database.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &l, nil
}

// AnyLink fetches a link whatever it is for, also one that has expired, or database.ErrNotFound.
func (s *Store) AnyLink(ctx context.Context, tokenHash string) (*Link, error) {
	var l Link
	err := s.db.Row(ctx, &s.q.anyLink, []any{tokenHash}, s.link(&l)...)
	if err != nil {
		return nil, err
	}
	return &l, nil
}

// LinksOf lists the links of a kind that concern the user and have not expired at
// now.
func (s *Store) LinksOf(ctx context.Context, userID, kind string, now time.Time) ([]Link, error) {
	return database.Collect(ctx, s.db, &s.q.linksOf, []any{userID, kind, s.d.Bind(now)}, s.link)
}

// link returns where the columns of a link go.
func (s *Store) link(l *Link) []any {
	return []any{
		&l.TokenHash, &l.Kind, &l.UserID, &l.Data,
		&dialect.Time{Dest: &l.Created, Dialect: s.d}, &dialect.Time{Dest: &l.Expires, Dialect: s.d},
	}
}

// UseLink uses a link up, and reports whether it was there: of any number who try
// at once it is true for one. Within [Store.Tx], what the link is for happens with it
// or not at all.
func (s *Store) UseLink(ctx context.Context, tokenHash, kind string, now time.Time) (bool, error) {
	if !column.Storable(tokenHash) {
		return false, nil
	}
	count, err := s.db.Exec(ctx, &s.q.useLink, tokenHash, kind, s.d.Bind(now))
	return count > 0, err
}

// DeleteLinks removes the links of a kind that concern the user.
func (s *Store) DeleteLinks(ctx context.Context, userID, kind string) error {
	_, err := s.db.Exec(ctx, &s.q.deleteLinks, userID, kind)
	return err
}

// DeleteExpiredLinks removes links that have expired at now, and reports how many.
func (s *Store) DeleteExpiredLinks(ctx context.Context, now time.Time) (int64, error) {
	return s.db.Exec(ctx, &s.q.deleteExpiredLinks, s.d.Bind(now))
}
