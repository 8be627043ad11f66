package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
)

// LoginBy returns what users type to log in: Config.LoginBy, or identity.ByEmail if the user model
// has the address for its username.
func (s *Service) LoginBy() identity.LoginBy {
	if s.usernameIsEmail {
		return identity.ByEmail
	}
	return s.loginBy
}

// chooseLoginBy checks Config.LoginBy and tells the ModelBackends.
func (c *Config) chooseLoginBy() error {
	switch c.LoginBy {
	case "":
		c.LoginBy = identity.ByUsername
	case identity.ByUsername:
	case identity.ByEmail, identity.ByEither:
		if _, ok := c.Users.(looseFinder); !ok {
			return fmt.Errorf("auth: Config.LoginBy is %q, which needs Users that are found by email; "+
				"set Users to a *database.DB, or LoginBy to %q", c.LoginBy, identity.ByUsername)
		}
	default:
		return fmt.Errorf("auth: Config.LoginBy is %q; set it to %q, %q or %q",
			c.LoginBy, identity.ByUsername, identity.ByEmail, identity.ByEither)
	}
	if m, ok := c.Users.(modeler); ok && m.UserModel().UsernameIsEmail() && c.LoginBy != identity.ByUsername {
		return fmt.Errorf("auth: Config.LoginBy is %q, and users of this user model log in by their address already; "+
			"leave LoginBy empty", c.LoginBy)
	}
	c.Backends = slices.Clone(c.Backends)
	for i, b := range c.Backends {
		if model, ok := b.(*ModelBackend); ok {
			told := *model
			told.loginBy = c.LoginBy
			c.Backends[i] = &told
		}
	}
	return nil
}

// find returns the user for whom a login is meant, or database.ErrNotFound. What it asks the
// database depends on the text alone, and never on which accounts exist.
func (b *ModelBackend) find(ctx context.Context, text string) (*User, error) {
	switch b.loginBy {
	case identity.ByEmail:
		return b.byEmail(ctx, text)
	case identity.ByEither:
	default:
		return b.Users.UserByUsername(ctx, text)
	}
	named, missing := b.Users.UserByUsername(ctx, text)
	if missing != nil && !errors.Is(missing, database.ErrNotFound) {
		return nil, missing
	}
	owner, err := b.byEmail(ctx, text)
	if missing != nil || err != nil && !errors.Is(err, database.ErrNotFound) {
		return owner, err
	}
	return named, nil
}

// byEmail returns the only active user with this address. If the text is the username of
// another account in whatever case, it is nobody's address.
func (b *ModelBackend) byEmail(ctx context.Context, text string) (*User, error) {
	if !strings.Contains(text, "@") {
		return nil, database.ErrNotFound
	}
	users := b.Users.(looseFinder)
	owners, err := users.UsersByEmail(ctx, text)
	if err != nil {
		return nil, err
	}
	named, err := users.UserByUsernameFold(ctx, text)
	if err != nil && !errors.Is(err, database.ErrNotFound) {
		return nil, err
	}
	if len(owners) != 1 || b.loginBy == identity.ByEither && named != nil && named.ID != owners[0].ID {
		return nil, database.ErrNotFound
	}
	return owners[0], nil
}
