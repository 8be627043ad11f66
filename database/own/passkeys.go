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

// Passkey is a row of coatcheck_passkey. It holds no secret: what it has is the public half of
// a key.
type Passkey struct {
	// IDHash is the SHA-256 of the credential ID, in hexadecimal digits.
	IDHash string
	// UserID is whose it is, as User.ID.
	UserID string
	// Credential is the credential ID, and PublicKey the key as COSE, both in base64url.
	Credential, PublicKey string
	// Name is what the user calls it, at most 80 characters.
	Name string
	// AAGUID is the model of the authenticator as a UUID, and Transports how browsers reach it,
	// joined by commas.
	AAGUID, Transports string
	// SignCount is the counter of signatures, 0 where the authenticator has none.
	SignCount int64
	// BackupEligible means that the passkey can be synced, and BackedUp that it is.
	BackupEligible, BackedUp bool
	Created                  time.Time
	// LastUsed is Created until the first login.
	LastUsed time.Time
}

// LogValue has the user and the hash alone.
func (p Passkey) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", p.UserID), slog.String("id_hash", p.IDHash))
}

// passkeyQueries are the statements about passkeys.
type passkeyQueries struct {
	insert, byHash, ofUser, use, rename, remove, removeAll dialect.Query
	addHandle, handle, removeHandle                        dialect.Query
}

func newPasskeyQueries(d *dialect.Dialect) (q passkeyQueries) {
	const columns = "id_hash, user_id, credential, public_key, name, aaguid, transports, sign_count, " +
		"backup_eligible, backed_up"
	read := "SELECT " + columns + ", " + d.TimeColumn("created") + ", " + d.TimeColumn("last_used") +
		" FROM coatcheck_passkey WHERE "
	q.insert = d.Query("passkey inserted", "INSERT INTO coatcheck_passkey ("+columns+", created, last_used)"+
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"+d.DoNothing("id_hash"))
	q.byHash = d.Query("passkey read", read+"id_hash = ?1")
	q.ofUser = d.Query("user's passkeys read", read+"user_id = ?1 ORDER BY created, id_hash")
	q.use = d.Query("passkey used", "UPDATE coatcheck_passkey SET sign_count = ?3, backed_up = ?4,"+
		" last_used = ?5 WHERE id_hash = ?1 AND user_id = ?2"+
		" AND (sign_count < ?3 OR sign_count = 0 AND ?3 = 0)")
	q.rename = d.Query("passkey renamed",
		"UPDATE coatcheck_passkey SET name = ?3 WHERE id_hash = ?1 AND user_id = ?2")
	q.remove = d.Query("passkey deleted",
		"DELETE FROM coatcheck_passkey WHERE id_hash = ?1 AND user_id = ?2")
	q.removeAll = d.Query("user's passkeys deleted", "DELETE FROM coatcheck_passkey WHERE user_id = ?1")
	q.addHandle = d.Query("passkey handle inserted", "INSERT INTO coatcheck_passkey_user (user_id, handle)"+
		" VALUES (?1, ?2)"+d.DoNothing("user_id"))
	q.handle = d.Query("passkey handle read", "SELECT handle FROM coatcheck_passkey_user WHERE user_id = ?1")
	q.handle.Write = true // of a row that was written just now
	q.removeHandle = d.Query("passkey handle deleted",
		"DELETE FROM coatcheck_passkey_user WHERE user_id = ?1")
	return q
}

// InsertPasskey stores a passkey; database.ErrDuplicate where there is one of that ID.
func (s *Store) InsertPasskey(ctx context.Context, p Passkey) error {
	if err := column.Check(column.Of("id hash", p.IDHash, 64), column.Of("user id", p.UserID, 64),
		column.Of("credential", p.Credential, 0), column.Of("public key", p.PublicKey, 0),
		column.Of("name", p.Name, 80), column.Of("aaguid", p.AAGUID, 36),
		column.Of("transports", p.Transports, 120)); err != nil {
		return err
	}
	return s.insertOne(ctx, "insert passkey", &s.q.passkeys.insert, p.IDHash, p.UserID, p.Credential,
		p.PublicKey, p.Name, p.AAGUID, p.Transports, p.SignCount, number(p.BackupEligible),
		number(p.BackedUp), s.d.Bind(p.Created), s.d.Bind(p.LastUsed))
}

// number is a truth value in a column of the type smallint.
func number(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// Passkey fetches a passkey by the hash of its ID, or database.ErrNotFound.
func (s *Store) Passkey(ctx context.Context, idHash string) (*Passkey, error) {
	if !column.Storable(idHash) {
		return nil, fmt.Errorf("database: passkey: %w", database.ErrNotFound)
	}
	var p Passkey
	err := s.db.Row(ctx, &s.q.passkeys.byHash, []any{idHash}, s.passkey(&p)...)
	if errors.Is(err, database.ErrNotFound) || err == nil && p.IDHash != idHash { // MySQL ignores case
		return nil, fmt.Errorf("database: passkey: %w", database.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// PasskeysOf lists the passkeys of a user, the oldest first.
func (s *Store) PasskeysOf(ctx context.Context, userID string) ([]Passkey, error) {
	return database.Collect(ctx, s.db, &s.q.passkeys.ofUser, []any{userID}, s.passkey)
}

// passkey returns where the columns of a passkey go.
func (s *Store) passkey(p *Passkey) []any {
	return []any{
		&p.IDHash, &p.UserID, &p.Credential, &p.PublicKey, &p.Name, &p.AAGUID, &p.Transports, &p.SignCount,
		&dialect.Bool{Dest: &p.BackupEligible}, &dialect.Bool{Dest: &p.BackedUp},
		&dialect.Time{Dest: &p.Created, Dialect: s.d}, &dialect.Time{Dest: &p.LastUsed, Dialect: s.d},
	}
}

// UsePasskey stores that a passkey was used: its counter, whether it is backed up, and when. It
// reports whether the passkey is still there and the counter went on. If several requests
// show one value of the counter, other than 0, exactly one succeeds.
func (s *Store) UsePasskey(ctx context.Context, p Passkey) (bool, error) {
	count, err := s.db.Exec(ctx, &s.q.passkeys.use, p.IDHash, p.UserID, p.SignCount,
		number(p.BackedUp), s.d.Bind(p.LastUsed))
	return count > 0, err
}

// RenamePasskey changes the name of a passkey of the user, and reports whether it is there.
func (s *Store) RenamePasskey(ctx context.Context, userID, idHash, name string) (bool, error) {
	if !column.Storable(idHash) {
		return false, nil
	}
	if err := column.Check(column.Of("name", name, 80)); err != nil {
		return false, err
	}
	count, err := s.db.Exec(ctx, &s.q.passkeys.rename, idHash, userID, name)
	return count > 0, err
}

// DeletePasskey removes a passkey of the user, and reports whether it was there.
func (s *Store) DeletePasskey(ctx context.Context, userID, idHash string) (bool, error) {
	if !column.Storable(idHash) {
		return false, nil
	}
	count, err := s.db.Exec(ctx, &s.q.passkeys.remove, idHash, userID)
	return count > 0, err
}

// DeletePasskeys removes all passkeys of the user and the handle, and reports how many
// passkeys there were.
func (s *Store) DeletePasskeys(ctx context.Context, userID string) (int64, error) {
	count, err := s.db.Exec(ctx, &s.q.passkeys.removeAll, userID)
	if err == nil {
		_, err = s.db.Exec(ctx, &s.q.passkeys.removeHandle, userID)
	}
	return count, err
}

// PasskeyHandle returns the handle of a user, in base64url: the one that is stored, or else
// fresh, which it stores.
func (s *Store) PasskeyHandle(ctx context.Context, userID, fresh string) (handle string, err error) {
	if err := column.Check(column.Of("user id", userID, 64), column.Of("handle", fresh, 86)); err != nil {
		return "", err
	}
	err = s.db.Row(ctx, &s.q.passkeys.handle, []any{userID}, &handle)
	if !errors.Is(err, database.ErrNotFound) || fresh == "" {
		return handle, err
	}
	if _, err := s.db.Exec(ctx, &s.q.passkeys.addHandle, userID, fresh); err != nil {
		return "", err
	}
	err = s.db.Row(ctx, &s.q.passkeys.handle, []any{userID}, &handle)
	return handle, err
}
