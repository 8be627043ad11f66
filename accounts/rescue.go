package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/password"
)

// mailbox is what the link of a notice was made with: the address that the notice went
// to, which was that of the account until then. A rescue goes by nothing else.
type mailbox struct {
	Address string `json:"address"`
}

// storeRescue stores the link of a notice. It does not end with the password, which may
// be changed by the person whom the notice warns of.
func (s *Service) storeRescue(ctx context.Context, user *auth.User, address string) (string, error) {
	data, err := json.Marshal(mailbox{address})
	if err != nil {
		return "", fmt.Errorf("accounts: link: %w", err)
	}
	return s.storeLink(ctx, kindDisown, user.ID, contents{Data: data}, s.config.NoticeTimeout)
}

// Rescue is what the link "this wasn't me" of a notice does, or has done. Every session
// of the account ends in any case.
type Rescue struct {
	// Mailbox is where the notice went. A link to a new password is mailed there, if the
	// account has a password; else it is empty.
	Mailbox string
	// Address is the one that the account gets back, or empty if it has it, or cannot
	// have it because another account took it.
	Address string
	// Ended is how many sessions were removed.
	Ended int
}

// Rescuable returns what the link "this wasn't me" would do. It changes nothing. The
// error is ErrLink, or a failure of the store.
func (s *Service) Rescuable(ctx context.Context, token string) (Rescue, error) {
	var box mailbox
	link, err := s.readLink(ctx, kindDisown, token, &box)
	if err != nil {
		return Rescue{}, err
	}
	user, err := s.db.UserByID(ctx, link.UserID)
	if err != nil {
		return Rescue{}, orLink(err)
	}
	return rescueOf(user, box), nil
}

// rescueOf is what is to be done for a user.
func rescueOf(user *auth.User, box mailbox) (r Rescue) {
	if !user.IsActive {
		return r
	}
	if user.Password.Usable() {
		r.Mailbox = box.Address
	}
	if user.Email != box.Address {
		r.Address = box.Address
	}
	return r
}

// Rescue does what the link "this wasn't me" is for. Every session of the account ends
// first, whatever else fails. Then the password gives way to one that nobody knows, with
// which ends whatever was begun with it: sessions in a Django, links, known devices,
// logins in flight; a link to a new password is mailed to the mailbox of the notice; the
// account gets that address back if it can; and the link is used up: all of them or none.
// After an error, a failure of the store, the same link may be used again.
//
// Of several mailboxes that an account had, the one that had it first wins: its rescue
// ends the links in notices that later ones got. Lang is the language of the email.
func (s *Service) Rescue(ctx context.Context, token, lang string) (Rescue, error) {
	var box mailbox
	link, err := s.readLink(ctx, kindDisown, token, &box)
	if err != nil {
		return Rescue{}, err
	}
	user, err := s.db.UserByID(ctx, link.UserID)
	if err != nil {
		return Rescue{}, orLink(err)
	}
	ended, err := s.endAll(ctx, user, "", walkTime)
	hash, noHash := s.auth.UnknownPassword(ctx, user)
	if err := errors.Join(err, noHash); err != nil {
		return Rescue{}, err
	}
	c := rescue{link: link, box: box, hash: hash, lang: lang}
	err = s.useLink(ctx, link, c.run)
	if errors.Is(err, database.ErrDuplicate) { // in this moment another account took the address
		c.keepAddress = true
		err = s.useLink(ctx, link, c.run)
	}
	if err != nil {
		return Rescue{}, err
	}
	c.done.Ended = ended
	s.log.InfoContext(ctx, "an account was rescued by its notice", requestinfo.LogClient(ctx), "user", user.ID, "sessions", ended)
	return c.done, nil
}

// rescue is the part of Rescue that is one transaction.
type rescue struct {
	link        *own.Link
	box         mailbox
	hash        password.Hash // that replaces the present one
	lang        string
	keepAddress bool // the one before cannot come back
	done        Rescue
}

func (c *rescue) run(ctx context.Context, tx *Service, user *auth.User) error {
	c.done = rescueOf(user, c.box)
	rescued := *user
	rescued.Password = c.hash
	event := &hooks.Event{User: &rescued, Request: hooks.RequestFromContext(ctx)}
	if err := tx.auth.Hooks().PasswordChanged.Run(ctx, tx.db, event, func(ctx context.Context) error {
		return tx.db.SetPassword(ctx, user.ID, c.hash)
	}); err != nil {
		return err
	}
	if err := tx.record(ctx, audit.Event{Code: "account-rescued", User: user}); err != nil {
		return err
	}
	if err := tx.endLinks(ctx, c.link, c.box); err != nil {
		return err
	}
	if err := tx.rescuePasskeys(ctx, user, c.link.Created); err != nil {
		return err
	}
	if err := tx.rescueOIDC(ctx, user, c.link.Created); err != nil {
		return err
	}
	if err := c.bringBack(ctx, tx, user); err != nil {
		return err
	}
	if c.done.Mailbox == "" {
		return nil
	}
	return tx.enqueue(ctx, job{Kind: jobRescue, To: c.done.Mailbox, Lang: c.lang, UserID: user.ID})
}

// bringBack returns the account the address of the mailbox, if it can have it.
func (c *rescue) bringBack(ctx context.Context, tx *Service, user *auth.User) error {
	if c.done.Address == "" {
		return nil
	}
	taken, err := tx.addressTaken(ctx, c.done.Address)
	if err != nil {
		return err
	}
	if taken || c.keepAddress {
		c.done.Address = ""
		return nil
	}
	back := *user
	back.Email = c.done.Address
	event := &hooks.Event{User: &back, Request: hooks.RequestFromContext(ctx), OldEmail: user.Email}
	return tx.auth.Hooks().EmailChanged.Run(ctx, tx.db, event, func(ctx context.Context) error {
		_, err := tx.db.ReplaceEmail(ctx, user.ID, user.Email, back.Email)
		return err
	})
}

// addressTaken reports whether an address cannot be given to a user because users sign
// in by it and another has it.
func (s *Service) addressTaken(ctx context.Context, address string) (bool, error) {
	if !s.auth.UsernameIsEmail() {
		return false, nil
	}
	return s.db.UsernameTaken(ctx, address)
}

// endLinks removes what a rescue leaves no link to do: changes of the address,
// invitations, and the rescues of mailboxes that had the account later.
func (s *Service) endLinks(ctx context.Context, by *own.Link, mine mailbox) error {
	if err := s.deleteKinds(ctx, by.UserID, kindEmail, kindEmailAgain, kindInvitation); err != nil {
		return err
	}
	links, err := s.own.LinksOf(ctx, by.UserID, kindDisown, s.now())
	if err != nil {
		return err
	}
	for i := range links {
		var other mailbox
		_, err := s.openLink(&links[i], &other)
		if err == nil && (other == mine || links[i].Created.Before(by.Created)) {
			continue
		}
		if _, err := s.own.UseLink(ctx, links[i].TokenHash, kindDisown, s.now()); err != nil {
			return err
		}
	}
	return nil
}

// mailRescue is the work of jobRescue: it emails the link to a new password to the
// mailbox of the notice, for the account as it is by now.
func (s *Service) mailRescue(ctx context.Context, j job) error {
	user, err := s.db.UserByID(ctx, j.UserID)
	if errors.Is(err, database.ErrNotFound) || err == nil && (!user.IsActive || !user.Password.Usable()) {
		return nil
	}
	if err != nil {
		return err
	}
	reset := s.resetMail(user, j.Lang)
	reset.To = j.To
	return s.send(ctx, "rescue", reset)
}
