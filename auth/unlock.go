package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/coatcheck/coatcheck/throttle"
)

// Unlock makes the budget of guesses at the user's password whole, after the user
// has proved to own the account's email address, or an operator says so. It counts
// for the username and, where backends of the program's own may sign in by it, for
// the email address. Those of known devices and of client addresses stay. Where
// throttling is off it does nothing.
func (s *Service) Unlock(ctx context.Context, user *User) error {
	if s.throttle.Store == nil {
		return nil
	}
	exact, err := s.usernameKeys(ctx, [2]string{user.Username, user.Username}, false)
	if err != nil {
		return err
	}
	loose := [2]string{user.Username, user.Username} // as in a program whose backends are not known here
	if user.Email != "" {
		loose[1] = user.Email
	}
	if loose, err = s.usernameKeys(ctx, loose, true); err != nil {
		return err
	}
	var names []string
	for _, key := range [...]string{exact[0], loose[0], loose[1]} {
		names = append(names, s.names.Name("account", key))
	}
	return s.reset(ctx, names...)
}

// The kinds of Allow that the account pages use.
const (
	KindSignup = "signup" // making accounts
	KindReset  = "reset"  // asking for a link to a new password
	KindEmail  = "email"  // asking for a link to a new email address
)

// UnlockAddress makes the budgets of a client's address whole: that of guesses at
// passwords, those of the account pages, and those of the program's own kinds that
// it calls Allow with. Where throttling is off it does nothing.
func (s *Service) UnlockAddress(ctx context.Context, address netip.Addr, kinds ...string) error {
	text := throttle.Address(address)
	if text == "" {
		return errors.New("auth: UnlockAddress: the address is not valid")
	}
	if s.throttle.Store == nil {
		return nil
	}
	names := []string{s.names.Name("address", text)}
	for _, kind := range append([]string{KindSignup, KindReset, KindEmail}, kinds...) {
		if strings.Contains(kind, ":") {
			return fmt.Errorf("auth: UnlockAddress: the kind %q has a colon", kind)
		}
		names = append(names, s.names.Name(kind+" address", text))
	}
	return s.reset(ctx, names...)
}

// reset makes budgets whole.
func (s *Service) reset(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := s.throttle.Store.Reset(ctx, name); err != nil {
			return fmt.Errorf("auth: throttle: %w", err)
		}
	}
	return nil
}
