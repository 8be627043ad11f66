package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/throttle"
)

// attemptFlags say where attempts to log in are counted, and by which key.
type attemptFlags struct {
	Secret secretFlags        `embed:""`
	Store  throttleStoreFlags `embed:""`
}

// unlocker returns a service that restores budgets where serve counts attempts,
// or says why there is nothing to be unlocked from here.
func (f *attemptFlags) unlocker(
	ctx context.Context, db *database.DB, folder string, recording *auditFlag,
) (*auth.Service, error) {
	switch f.Store.Kind {
	case "off":
		return nil, errors.New("with --throttle off nothing is locked")
	case "memory":
		return nil, errors.New("attempts are counted in the memory of serve, which forgets them when it " +
			"starts again")
	}
	if err := own.Missing(db, own.ThrottleTable); err != nil {
		return nil, fmt.Errorf("attempts are counted in the memory of serve: %w", err)
	}
	if f.Secret.absent(folder) {
		return nil, errors.New("there is no secret key, by which attempts are counted; " +
			"run this where serve finds it, or name it by --secret-key-file")
	}
	log := slog.New(slog.DiscardHandler)
	key, err := f.Secret.load(folder, log)
	if err != nil {
		return nil, err
	}
	limits := attempts.Config{Store: own.New(db).Throttle()}
	keys := key.keys(false)
	recorder, err := recording.open(db, keys)
	if err != nil {
		return nil, err
	}
	return auth.New(auth.Config{Users: db, Keys: keys, Throttle: limits, Logger: log, Audit: recorder})
}

// unlockCommand restores budgets of attempts.
type unlockCommand struct {
	Username string        `arg:"" optional:"" help:"Whose account. May be left out with --address."`
	Address  string        `name:"address" env:"-" placeholder:"ADDRESS" help:"Also unlock this address of clients, for logins and for the other pages that count attempts; of IPv6 its network of 64 bits."`
	Database databaseFlags `embed:""`
	Attempts attemptFlags  `embed:""`
	Audit    auditFlag     `embed:""`
}

// Run unlocks the user, the address or both, and says so.
func (c *unlockCommand) Run(ctx context.Context, con *console.Console) (err error) {
	if c.Username == "" && c.Address == "" {
		return usageError{errors.New("give a username, or --address ADDRESS, or both")}
	}
	var address netip.Addr
	if c.Address != "" {
		if address, err = netip.ParseAddr(c.Address); err != nil {
			return usageError{fmt.Errorf("--address %q is no IP address; write it as in 192.0.2.1 or "+
				"2001:db8::1", c.Address)}
		}
	}
	db, err := c.Database.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	service, err := c.Attempts.unlocker(ctx, db, c.Database.folder(), &c.Audit)
	if err != nil {
		return err
	}
	c.Audit.warn(con, db)
	var unlocked []string
	if c.Username != "" {
		user, err := unlockUser(ctx, service, c.Username)
		if err != nil {
			return err
		}
		unlocked = append(unlocked, fmt.Sprintf("user '%s'", user))
	}
	if c.Address != "" {
		if err := service.UnlockAddress(ctx, address); err != nil {
			return err
		}
		unlocked = append(unlocked, "address "+throttle.Address(address))
	}
	con.Say("Unlocked " + strings.Join(unlocked, " and "))
	return nil
}

// unlockUser unlocks the account of this name.
func unlockUser(ctx context.Context, service *auth.Service, username string) (*auth.User, error) {
	user, err := service.UserByUsername(ctx, username)
	if errors.Is(err, auth.ErrNoUser) {
		return nil, fmt.Errorf("user '%s' does not exist", username)
	}
	if err != nil {
		return nil, err
	}
	return user, errors.Join(service.Unlock(ctx, user), service.UnlockCodes(ctx, user))
}
