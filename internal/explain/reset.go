package explain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/signing"
)

const badLink = "reset.link_bad"

// link explains a link by which a password is set.
func (w *World) link(ctx context.Context, uid, token string) (*Report, error) {
	r := newReport(ResetLink, "link to set a password")
	if token == resettoken.Opened {
		return r.bad("token", badLink, "the address of a link that was opened: its token is in the session "+
			"of that browser now", "give the link as the email has it"), nil
	}
	if w.NoDatabase {
		return nil, ErrNoDatabase
	}
	user, err := w.Site.Auth.UserByUID(ctx, uid)
	if errors.Is(err, auth.ErrNoUser) {
		return r.bad("user", badLink, "the link names no user of this site", "the account was deleted, the "+
			"link was cut, or --database is that of another site"), nil
	}
	if err != nil {
		return nil, err
	}
	r.User = &User{ID: shown(user.ID), Username: shown(user.Username)}
	r.good("user", "user '%s', ID %s", r.User.Username, r.User.ID)
	made, err := w.Site.Auth.VerifyResetToken(user, token)
	r.Expires = made.Add(w.Site.Auth.PasswordResetTimeout())
	switch {
	case errors.Is(err, resettoken.ErrMalformed):
		r.Expires = time.Time{}
		return r.bad("token", badLink, "the token is malformed: it was cut off or changed",
			"give the whole link as the email has it"), nil
	case errors.Is(err, resettoken.ErrMismatch):
		r.Expires = time.Time{}
		reason, remedy := w.mismatchedToken(user, token, made)
		return r.bad("token", badLink, reason, remedy), nil
	}
	if key, ok := w.tokenKey(user, token); ok {
		r.SignedWith = key
		r.good("token", "made %s with %s", when(made), key)
	}
	if err != nil {
		return r.bad("age", badLink, "the link expired "+when(r.Expires), "ask for another one; "+
			"--password-reset-timeout (PASSWORD_RESET_TIMEOUT) is how long links hold"), nil
	}
	return r.passed("reset.token_good", fmt.Sprintf("the link sets a password for user '%s', until %s",
		r.User.Username, r.Expires.UTC().Format("2006-01-02 15:04 UTC"))), nil
}

// mismatchedToken returns why a token is not one of the user.
func (w *World) mismatchedToken(user *database.User, token string, made time.Time) (reason, remedy string) {
	with := w.Keys
	with.AcceptSHA1 = true
	g, err := w.generator(with)
	if err == nil && !w.Keys.AcceptSHA1 && g.Check(user, token) {
		return "the token is by SHA-1, as those of Django 3.2 and older may be",
			"set --accept-sha1, or ask for another link"
	}
	const another = "ask for another link"
	if user.LastLogin.Truncate(time.Second).After(made) { // tokens have whole seconds
		return "the user logged in " + when(user.LastLogin) + ", after the link was made, which ends links",
			another
	}
	return "the link was used already, or the password or email address was changed since it was made, or " +
			"another key made it", another + "; if links of a Django fail at once, compare the secret key " +
			"and --time-zone (SECRET_KEY, TIME_ZONE) with its settings"
}

// tokenKey is the setting that has the key of a token.
func (w *World) tokenKey(user *database.User, token string) (string, bool) {
	for i := range w.Keys.All() {
		g, err := w.generator(w.alone(i))
		if err != nil {
			continue
		}
		if _, err = g.Verify(user, token); err == nil || errors.Is(err, resettoken.ErrExpired) {
			return setting(i), true
		}
	}
	return "", false
}

// generator returns what creates the tokens of the site with other keys.
func (w *World) generator(keys signing.Keys) (*resettoken.Generator, error) {
	return resettoken.New(resettoken.Config{
		Keys: keys, Timeout: w.ResetTimeout, TimeZone: w.ResetZone, LoginZone: w.Site.Database.Location(),
	})
}
