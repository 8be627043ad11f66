package own

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// TOTP is a row of coatcheck_totp: the authenticator app of a user by time (RFC 6238). It does not
// print its secret.
type TOTP struct {
	UserID string
	// Secret is what the codes are computed from, sealed.
	Secret string `json:"-"`
	// LastStep is the number of the step whose code was used last. No code of it, and none of
	// a step before, is good again.
	LastStep int64
	Created  time.Time
}

// String hides the secret.
func (t TOTP) String() string { return "authenticator app of user " + t.UserID }

// GoString is String.
func (t TOTP) GoString() string { return t.String() }

// LogValue is String.
func (t TOTP) LogValue() slog.Value { return slog.StringValue(t.String()) }

// totpQueries are the statements about second factors.
type totpQueries struct {
	read, insert, step, remove        dialect.Query
	count, addCode, useCode, dropCode dialect.Query
}

func newTOTPQueries(d *dialect.Dialect) totpQueries {
	const columns = "user_id, secret, last_step"
	return totpQueries{
		read: d.Query("authenticator app read", "SELECT "+columns+", "+d.TimeColumn("created")+
			" FROM coatcheck_totp WHERE user_id = ?1"),
		insert: d.Query("authenticator app added", "INSERT INTO coatcheck_totp ("+columns+", created)"+
			" VALUES (?1, ?2, ?3, ?4)"+d.DoNothing("user_id")),
		step: d.Query("code used up", "UPDATE coatcheck_totp SET last_step = ?3"+
			" WHERE user_id = ?1 AND secret = ?2 AND last_step < ?3"),
		remove: d.Query("authenticator app removed", "DELETE FROM coatcheck_totp WHERE user_id = ?1"),
		count: d.Query("recovery codes counted", "SELECT count(*) FROM coatcheck_recovery"+
			" WHERE user_id = ?1"),
		addCode: d.Query("recovery code added", "INSERT INTO coatcheck_recovery (code_hash, user_id)"+
			" VALUES (?1, ?2)"+d.DoNothing("code_hash")),
		useCode: d.Query("recovery code used up", "DELETE FROM coatcheck_recovery"+
			" WHERE code_hash = ?1 AND user_id = ?2"),
		dropCode: d.Query("recovery codes removed", "DELETE FROM coatcheck_recovery WHERE user_id = ?1"),
	}
}

// TOTP returns the authenticator app of a user, or database.ErrNotFound.
func (s *Store) TOTP(ctx context.Context, userID string) (*TOTP, error) {
	var t TOTP
	err := s.db.Row(ctx, &s.q.totp.read, []any{userID}, &t.UserID, &t.Secret, &t.LastStep,
		&dialect.Time{Dest: &t.Created, Dialect: s.d})
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// AddTOTP stores the app of a user, with the hashes of the recovery codes, both or neither. It
// returns database.ErrDuplicate if the user has an app.
func (s *Store) AddTOTP(ctx context.Context, t TOTP, codeHashes []string) error {
	err := column.Check(column.Of("user id", t.UserID, 64), column.Of("secret", t.Secret, 255))
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		err := s.insertOne(ctx, "add authenticator app", &s.q.totp.insert, t.UserID, t.Secret, t.LastStep,
			s.d.Bind(t.Created))
		if err != nil {
			return err
		}
		return s.ReplaceRecoveryCodes(ctx, t.UserID, codeHashes)
	})
}

// UseTOTPStep uses up the code of a step, and those of all steps before, and reports whether it was
// good until then: of any number who try at once it is true for one.
func (s *Store) UseTOTPStep(ctx context.Context, t *TOTP, step int64) (bool, error) {
	count, err := s.db.Exec(ctx, &s.q.totp.step, t.UserID, t.Secret, step)
	return count > 0, err
}

// RemoveTOTP removes the app of a user and the recovery codes, and reports whether there was an app.
func (s *Store) RemoveTOTP(ctx context.Context, userID string) (removed bool, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		count, err := s.db.Exec(ctx, &s.q.totp.remove, userID)
		if err != nil {
			return err
		}
		removed = count > 0
		_, err = s.db.Exec(ctx, &s.q.totp.dropCode, userID)
		return err
	})
	return removed && err == nil, err
}

// RecoveryCodes returns how many recovery codes a user has left.
func (s *Store) RecoveryCodes(ctx context.Context, userID string) (n int, err error) {
	err = s.db.Row(ctx, &s.q.totp.count, []any{userID}, &n)
	if errors.Is(err, database.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

// UseRecoveryCode uses a recovery code up, by its hash, and reports whether it was there: of any
// number who try at once it is true for one.
func (s *Store) UseRecoveryCode(ctx context.Context, userID, codeHash string) (bool, error) {
	count, err := s.db.Exec(ctx, &s.q.totp.useCode, codeHash, userID)
	return count > 0, err
}

// ReplaceRecoveryCodes stores the hashes of new recovery codes in place of all that the user has.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, userID string, codeHashes []string) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.db.Exec(ctx, &s.q.totp.dropCode, userID); err != nil {
			return err
		}
		for _, hash := range codeHashes {
			if _, err := s.db.Exec(ctx, &s.q.totp.addCode, hash, userID); err != nil {
				return err
			}
		}
		return nil
	})
}
