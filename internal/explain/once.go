package explain

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
)

// onceForm is the token of a link of ours that works once, alone or at the end of its address.
var onceForm = regexp.MustCompile(`(?:^|/)([A-Z2-7]{26})/?(?:[?#].*)?$`)

const (
	deadOnce  = "link.refused"
	wholeLink = "give the link as the email has it"
)

// oncePurposes are what links that work once are for, by where they lead.
var oncePurposes = []struct{ path, purpose string }{
	{accounts.SignupConfirmPath, "confirm a sign-up"},
	{accounts.InvitationPath, "sign up by an invitation"},
	{accounts.EmailConfirmPath, "confirm an email address"},
	{accounts.DisownPath, "say \"this wasn't me\""},
}

// purposeOf returns what links to a path are for, or "".
func purposeOf(path string) string {
	for _, p := range oncePurposes {
		if p.path == path {
			return p.purpose
		}
	}
	return ""
}

// ledTo returns where the address of a link leads, or "" for a token alone. The account pages may be
// mounted elsewhere, so the last part of the path decides.
func ledTo(address string) string {
	for _, p := range oncePurposes {
		if strings.Contains(address, strings.TrimPrefix(p.path, "/accounts")) {
			return p.path
		}
	}
	return ""
}

// once explains a link that works once, which it does not use up.
func (w *World) once(ctx context.Context, address, token string) (*Report, error) {
	r := newReport(OnceLink, "link that works once")
	if w.NoDatabase {
		return nil, ErrNoDatabase
	}
	if w.Accounts == nil {
		return r.bad("link", deadOnce, "there is no table of links, so no link of ours works here",
			"coatcheck migrate; or --database is that of another site"), nil
	}
	facts, err := w.Accounts.LinkFacts(ctx, token)
	if errors.Is(err, accounts.ErrLink) {
		return r.bad("link", deadOnce, "no such link is stored: it was used, a newer one took its place, it "+
			"expired and was removed, or it is of another site", "ask for another one"), nil
	}
	if err != nil {
		return nil, err
	}
	purpose := purposeOf(facts.Path)
	if purpose == "" {
		return r.bad("link", deadOnce, "the token is of no link of an email", wholeLink), nil
	}
	r.Name, r.Expires = "link to "+purpose, facts.Expires
	r.good("link", "found in the table coatcheck_link, made %s", when(facts.Created))
	if to := ledTo(address); to != "" && to != facts.Path {
		return r.bad("address", deadOnce, "the address is of links to "+purposeOf(to)+
			", and the token of one to "+purpose, wholeLink), nil
	}
	return w.held(r, facts), nil
}

// held explains whether a link that is stored still holds.
func (w *World) held(r *Report, facts *accounts.LinkFacts) *Report {
	if !facts.Expires.After(time.Now()) {
		return r.bad("age", deadOnce, "the link expired "+when(facts.Expires), "ask for another one")
	}
	r.good("age", "ends %s", when(facts.Expires))
	if facts.Sealed {
		return r.bad("key", deadOnce,
			"no configured key opens what the link holds: it is of another SECRET_KEY",
			"compare --secret-key-file with that of serve; add a former key to --secret-key-fallbacks-file "+
				"(SECRET_KEY_FALLBACKS)")
	}
	r.good("key", "what the link holds can be read")
	until := "the link can be used once, until " + facts.Expires.UTC().Format("2006-01-02 15:04 UTC")
	if facts.UserID == "" {
		return r.passed("", until)
	}
	if facts.User == nil {
		return r.bad("user", deadOnce, "the user of the link does not exist any more", "")
	}
	r.User = &User{ID: shown(facts.User.ID), Username: shown(facts.User.Username)}
	if !facts.User.IsActive && facts.Path != accounts.DisownPath {
		return r.bad("user", deadOnce, "user '"+r.User.Username+"' is not active",
			"coatcheck activate, if the user may come back")
	}
	r.good("user", "user '%s', ID %s", r.User.Username, r.User.ID)
	if facts.Outlived {
		return r.bad("password", deadOnce,
			"the password was changed since the link was asked for, which ends it",
			"ask for another one")
	}
	return r.passed("", until)
}
