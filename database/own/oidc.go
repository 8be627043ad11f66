package own

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// OIDC is a row of coatcheck_oidc: an account at an OpenID provider by which a user signs in.
type OIDC struct {
	// IDHash names it: see [OIDCHash].
	IDHash string
	// UserID is whose it is, as User.ID.
	UserID string
	// Issuer is the provider, and Subject the account there, both exactly as the provider
	// writes them.
	Issuer, Subject string
	// Name is what the account is called there, for its user alone; it may be empty.
	Name    string
	Created time.Time
	// LastUsed is Created until the first login.
	LastUsed time.Time
}

// LogValue has the user and the hash alone.
func (o OIDC) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", o.UserID), slog.String("id_hash", o.IDHash))
}

// OIDCHash returns the IDHash of an account at a provider: the SHA-256 of both, in hexadecimal
// digits. Every byte counts in it, whatever the collation of a database ignores.
func OIDCHash(issuer, subject string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(issuer), issuer, subject))
	return hex.EncodeToString(sum[:])
}

// oidcQueries are the statements about accounts at OpenID providers.
type oidcQueries struct {
	insert, byHash, ofUser, use, remove, removeAll dialect.Query
}

func newOIDCQueries(d *dialect.Dialect) (q oidcQueries) {
	const columns = "id_hash, user_id, issuer, subject, name"
	read := "SELECT " + columns + ", " + d.TimeColumn("created") + ", " + d.TimeColumn("last_used") +
		" FROM coatcheck_oidc WHERE "
	q.insert = d.Query("account at a provider inserted", "INSERT INTO coatcheck_oidc ("+columns+
		", created, last_used) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"+d.DoNothing("id_hash"))
	q.byHash = d.Query("account at a provider read", read+"id_hash = ?1")
	q.ofUser = d.Query("user's accounts at providers read", read+"user_id = ?1 ORDER BY created, id_hash")
	q.use = d.Query("account at a provider used",
		"UPDATE coatcheck_oidc SET name = ?3, last_used = ?4 WHERE id_hash = ?1 AND user_id = ?2")
	q.remove = d.Query("account at a provider deleted",
		"DELETE FROM coatcheck_oidc WHERE id_hash = ?1 AND user_id = ?2")
	q.removeAll = d.Query("user's accounts at providers deleted",
		"DELETE FROM coatcheck_oidc WHERE user_id = ?1")
	return q
}

// InsertOIDC stores an account at a provider; database.ErrDuplicate where it is stored already.
func (s *Store) InsertOIDC(ctx context.Context, o OIDC) error {
	if err := column.Check(column.Of("user id", o.UserID, 64), column.Of("issuer", o.Issuer, 0),
		column.Of("subject", o.Subject, 0), column.Of("name", o.Name, 0)); err != nil {
		return err
	}
	return s.insertOne(ctx, "insert account at a provider", &s.q.oidc.insert,
		OIDCHash(o.Issuer, o.Subject), o.UserID, o.Issuer, o.Subject, o.Name,
		s.d.Bind(o.Created), s.d.Bind(o.LastUsed))
}

// OIDC fetches an account at a provider, or database.ErrNotFound.
func (s *Store) OIDC(ctx context.Context, issuer, subject string) (*OIDC, error) {
	var o OIDC
	err := s.db.Row(ctx, &s.q.oidc.byHash, []any{OIDCHash(issuer, subject)}, s.oidc(&o)...)
	if errors.Is(err, database.ErrNotFound) || err == nil && (o.Issuer != issuer || o.Subject != subject) {
		return nil, fmt.Errorf("database: account at a provider: %w", database.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &o, nil
}

// OIDCOf lists the accounts at providers of a user, the oldest first.
func (s *Store) OIDCOf(ctx context.Context, userID string) ([]OIDC, error) {
	return database.Collect(ctx, s.db, &s.q.oidc.ofUser, []any{userID}, s.oidc)
}

// oidc returns where the columns of an account at a provider go.
func (s *Store) oidc(o *OIDC) []any {
	return []any{
		&o.IDHash, &o.UserID, &o.Issuer, &o.Subject, &o.Name,
		&dialect.Time{Dest: &o.Created, Dialect: s.d}, &dialect.Time{Dest: &o.LastUsed, Dialect: s.d},
	}
}

// UseOIDC stores that an account at a provider was used, and what it is called now. It reports
// whether the account is still the user's.
func (s *Store) UseOIDC(ctx context.Context, o OIDC) (bool, error) {
	if err := column.Check(column.Of("name", o.Name, 0)); err != nil {
		return false, err
	}
	count, err := s.db.Exec(ctx, &s.q.oidc.use, o.IDHash, o.UserID, o.Name, s.d.Bind(o.LastUsed))
	return count > 0, err
}

// DeleteOIDC removes an account at a provider of the user, and reports whether it was there.
func (s *Store) DeleteOIDC(ctx context.Context, userID, idHash string) (bool, error) {
	if !column.Storable(idHash) {
		return false, nil
	}
	count, err := s.db.Exec(ctx, &s.q.oidc.remove, idHash, userID)
	return count > 0, err
}

// DeleteAllOIDC removes all accounts at providers of the user, and reports how many there were.
func (s *Store) DeleteAllOIDC(ctx context.Context, userID string) (int64, error) {
	return s.db.Exec(ctx, &s.q.oidc.removeAll, userID)
}
