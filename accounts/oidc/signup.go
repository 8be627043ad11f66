package oidc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/mail"
)

// signUp creates a user of an account at a provider, and returns the ID. A name or an address that
// another account has refuses it: that account may be of somebody else.
func (f *Feature) signUp(r *http.Request, p *party, in *signedIn) (string, error) {
	if err := f.ask(r, p, in); err != nil {
		return "", err
	}
	n, ok := f.newUser(in.claims)
	if !ok {
		return "", refusal{code: "oidc.nameless"}
	}
	user, err := f.accounts.SignUpOIDC(r.WithContext(hooks.WithRequest(r)), n, in.account())
	switch {
	case errors.Is(err, auth.ErrUsernameTaken), errors.Is(err, auth.ErrEmailTaken):
		return "", refusal{code: "oidc.exists"}
	case errors.Is(err, accounts.ErrOIDCTaken): // by another request at the same time
		return f.accounts.UseOIDC(r.Context(), in.account())
	case errors.Is(err, database.ErrInvalid), errors.Is(err, identity.ErrUsernameRequired):
		return "", refusal{code: "oidc.nameless"}
	case err != nil:
		return "", err
	}
	flow.Emit(r.Context(), "oidc.signed_up", slog.String("provider", p.Name), slog.String("user", user.ID))
	return user.ID, nil
}

// ask asks the provider for what the ID token does not say about somebody, since many providers say
// it at their UserInfo endpoint alone.
func (f *Feature) ask(r *http.Request, p *party, in *signedIn) error {
	if in.Username != "" && in.Email != "" || in.metadata.provider.UserInfoEndpoint() == "" {
		return nil
	}
	if err := checkEndpoint(p.Issuer, in.metadata.provider.UserInfoEndpoint()); err != nil {
		return failure{err}
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(r.Context(), p.client), timeout)
	defer cancel()
	info, err := in.metadata.provider.UserInfo(ctx, oauth2.StaticTokenSource(in.token))
	if err != nil {
		return failure{err}
	}
	if info.Subject != in.Subject { // OpenID Connect Core 1.0, 5.3.2
		return wrong("subject")
	}
	var more claims
	if err := info.Claims(&more); err != nil {
		return wrong("claims")
	}
	in.Username, in.Name = more.Username, more.Name
	in.Email, in.EmailVerified = more.Email, more.EmailVerified
	in.GivenName, in.FamilyName = more.GivenName, more.FamilyName
	return nil
}

// newUser returns the user that the claims describe, and whether they say enough. An address counts
// only if the provider has verified it.
func (f *Feature) newUser(c *claims) (n auth.NewUser, ok bool) {
	email := ""
	if c.EmailVerified && mail.CheckAddress(c.Email) == nil {
		email = c.Email
	}
	if f.Auth().UsernameIsEmail() {
		return auth.NewUser{Username: email, Email: email}, email != ""
	}
	username, err := identity.CleanUsername(c.Username)
	if err != nil {
		return n, false
	}
	n = auth.NewUser{Username: username, Email: email}
	if f.Auth().HasNames() {
		n.FirstName, n.LastName = short(c.GivenName), short(c.FamilyName)
	}
	return n, true
}

// short returns a name that fits its column, else "".
func short(name string) string {
	if len(name) > 150 {
		return ""
	}
	return name
}
