package database

import (
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/database/internal/column"
)

// What callers branch on. They come wrapped; use errors.Is.
var (
	// ErrNotFound means that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate means that a row with this unique value exists already.
	// Django: IntegrityError, and CreateError for a session.
	ErrDuplicate = errors.New("exists already")
	// ErrUsernameTaken is the ErrDuplicate of [DB.CreateUnique] for a username that
	// another user has in some spelling, ErrEmailTaken that for the address.
	ErrUsernameTaken = fmt.Errorf("the username %w", ErrDuplicate)
	ErrEmailTaken    = fmt.Errorf("the email address %w", ErrDuplicate)
	// ErrConflict means that the row is there and no longer holds what the
	// caller had read.
	ErrConflict = errors.New("changed concurrently")
	// ErrReferenced means that a row cannot be deleted because rows of a program's own
	// tables refer to it. Django: IntegrityError, where a model is unknown to the deletion.
	ErrReferenced = errors.New("rows of other tables refer to it")
	// ErrReadOnly means that the database takes no writes: a standby, a server in
	// maintenance, a file that may only be read.
	ErrReadOnly = errors.New("the database is read-only")
	// ErrInvalid means that a value cannot be stored: too long for its column, a
	// NUL byte, no valid UTF-8, a year that Django cannot read.
	ErrInvalid = column.ErrInvalid
)
