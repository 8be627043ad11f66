package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/audit"
)

// Unlock restores the budget of guesses at the user's password, after the user
// has proved to own the account's email address, or an operator says so. It counts
// for the username and, where users may log in by it, for
// the email address. Those of known devices and of client addresses stay. Where
// throttling is off it does nothing.
func (s *Service) Unlock(ctx context.Context, user *User) error {
	if s.attempts.Off() {
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
	var budgets []attempts.Budget
	for _, key := range [...]string{exact[0], loose[0], loose[1], unowned(loose[0]), unowned(loose[1])} {
		budgets = append(budgets, s.attempts.Account(key, user.ID))
	}
	if err := s.attempts.Reset(ctx, budgets...); err != nil {
		return err
	}
	return s.audit.Add(ctx, audit.Event{Code: "account-unlocked", User: user})
}

// UnlockCodes restores the budget of guesses at the user's codes, because an operator says so. A
// mailbox alone must not restore it, as by Unlock: an email is no second factor. Where throttling is
// off it does nothing.
func (s *Service) UnlockCodes(ctx context.Context, user *User) error {
	if s.attempts.Off() {
		return nil
	}
	return s.attempts.Reset(ctx, s.attempts.Code("", user.ID))
}

// UnlockAddress restores the budgets of a client's address: that of guesses at
// passwords, those of the account pages, and those of the program's own kinds that
// it calls Allow with. Where throttling is off it does nothing.
func (s *Service) UnlockAddress(ctx context.Context, address netip.Addr, kinds ...string) error {
	if !address.IsValid() {
		return errors.New("auth: UnlockAddress: the address is not valid")
	}
	if s.attempts.Off() {
		return nil
	}
	budgets := []attempts.Budget{s.attempts.Address("", address)}
	for _, kind := range append([]string{attempts.KindSignup, attempts.KindReset, attempts.KindEmail, attempts.KindCheck}, kinds...) {
		if strings.Contains(kind, ":") {
			return fmt.Errorf("auth: UnlockAddress: the kind %q has a colon", kind)
		}
		budgets = append(budgets, s.attempts.Address(kind, address))
	}
	if err := s.attempts.Reset(ctx, budgets...); err != nil {
		return err
	}
	return s.audit.Add(ctx, audit.Event{Code: "address-unlocked", From: &audit.Origin{IP: address.String()}})
}
