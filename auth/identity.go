package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/fold"
)

// looseFinder finds users by what backends of the program's own may sign them in
// with; a *database.DB is one.
type looseFinder interface {
	UserByUsernameFold(ctx context.Context, username string) (*User, error)
	UsersByEmail(ctx context.Context, email string) ([]*User, error)
}

// usernameKeyer knows which texts it takes for one username; a *database.DB is one.
type usernameKeyer interface {
	UsernameKeys(ctx context.Context, names [2]string, fold bool) ([2]string, error)
}

// account is one that guesses are counted for: by a key that stands for all
// spellings of a name.
type account struct {
	key   string
	owner string // the ID of the user it may open; "" where none is known
}

// identify returns the accounts that a typed username is counted for, one or two,
// and the user whom it is meant for, or nil. It asks the database the same, be there
// a user or not.
//
// The first account is always that of the text as it was typed, by the database's
// own comparison of usernames: so which spellings count together never depends on
// which users exist. And no two users share one, since their names would be one name
// to the database; by FoldIdentifier they would, and who signs up as "jeßica" could
// make the budget of "jessica" whole by each login.
//
// Config.LoginBy and backends of the program's own may find users in other ways than by the
// exact username. Where they do, names are compared without regard to case, and an
// email address that one user alone has counts for the username of that user as
// well. That links an address to an account, but never a spelling.
func (s *Service) identify(ctx context.Context, username string) ([]account, *User, error) {
	named, err := s.users.UserByUsername(ctx, username)
	if err = unlessAbsent(err); err != nil {
		return nil, nil, err
	}
	owner := named
	if s.loose != nil {
		if named, owner, err = s.identifyLoosely(ctx, username, named); err != nil {
			return nil, nil, err
		}
	}
	names := [2]string{username, username}
	if owner != nil {
		names[1] = owner.Username
	}
	keys, err := s.usernameKeys(ctx, names, s.loose != nil)
	if err != nil {
		return nil, nil, err
	}
	meant := named
	if meant == nil {
		meant = owner
	}
	accounts := []account{{keys[0], idOf(meant)}}
	switch {
	case keys[1] != keys[0]:
		accounts = append(accounts, account{keys[1], idOf(owner)})
	case s.loose != nil && strings.Contains(username, "@"):
		accounts = append(accounts, account{unowned(keys[0]), idOf(meant)})
	}
	return accounts, meant, nil
}

// unowned is the key of a second account for an address that leads to no other username, so
// that each address costs the same, also in the store of the attempts.
func unowned(key string) string { return "unowned:" + key }

// identifyLoosely returns the user who has the name in whatever case, and the only
// one who has it for an email address, or else the same again.
func (s *Service) identifyLoosely(
	ctx context.Context, username string, named *User,
) (_, owner *User, err error) {
	folded, err := s.loose.UserByUsernameFold(ctx, username)
	if err = unlessAbsent(err); err != nil {
		return nil, nil, err
	}
	if named == nil {
		named = folded
	}
	if !strings.Contains(username, "@") {
		return named, named, nil
	}
	owners, err := s.loose.UsersByEmail(ctx, username)
	if err = unlessAbsent(err); err != nil {
		return nil, nil, err
	}
	if len(owners) == 1 {
		return named, owners[0], nil
	}
	return named, named, nil
}

// usernameKeys are those of the database. Users from elsewhere are taken to compare
// bytes.
func (s *Service) usernameKeys(ctx context.Context, names [2]string, fold bool) ([2]string, error) {
	db, ok := s.users.(usernameKeyer)
	if !ok {
		return [2]string{"text:" + names[0], "text:" + names[1]}, nil
	}
	keys, err := db.UsernameKeys(ctx, names, fold)
	if err != nil {
		return keys, fmt.Errorf("auth: compare usernames: %w", err)
	}
	return keys, nil
}

func idOf(user *User) string {
	if user == nil {
		return ""
	}
	return user.ID
}

func unlessAbsent(err error) error {
	if err == nil || errors.Is(err, database.ErrNotFound) {
		return nil
	}
	return fmt.Errorf("auth: find user: %w", err)
}

// maxFolded is beyond every username and email address in bytes.
const maxFolded = 4 * identity.MaxEmail

// foldBounded is what SameEmail compares, for a text of any length: one that is too long for
// an account stays as it is.
func foldBounded(text string) string {
	if len(text) > maxFolded {
		return "long:" + text
	}
	return "text:" + fold.Mailbox(text)
}
