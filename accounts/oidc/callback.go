package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
)

// callback accepts what the provider sends a visitor back with: it signs in the user of the account
// there, or links the account.
func (f *Feature) callback(w http.ResponseWriter, r *http.Request) {
	p := f.party(r)
	if p == nil {
		f.NotFound().ServeHTTP(w, r)
		return
	}
	right, err := f.Auth().Attempt(r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	state, err := f.returned(r, p)
	if err == nil && state.Purpose == purposeLink {
		err = f.checkLinker(r, state)
	}
	var in *signedIn
	if err == nil {
		in, err = f.exchange(r, p, state)
	}
	switch {
	case err != nil:
	case state.Purpose == purposeLink:
		err = f.link(w, r, p, in)
	default:
		err = f.signIn(w, r, p, state, in)
	}
	if err == nil || !guessed(err) {
		right()
	}
	if err != nil {
		f.refuse(w, r, p, err)
	}
}

// signedIn is what a provider says of somebody who signed in there.
type signedIn struct {
	*claims
	token    *oauth2.Token
	metadata *metadata
}

// account is the account at the provider, as it is stored.
func (in *signedIn) account() own.OIDC {
	return own.OIDC{Issuer: in.Issuer, Subject: in.Subject, Name: in.shownName()}
}

// exchange exchanges the code that a visitor brings for an ID token, and checks it.
func (f *Feature) exchange(r *http.Request, p *party, state accounts.Challenge) (*signedIn, error) {
	m, err := p.metadata(r.Context())
	if err != nil {
		return nil, err
	}
	query := r.URL.Query()
	if len(query["code"]) > 1 || len(query["iss"]) > 1 || len(query["error"]) > 1 {
		return nil, wrong("parameter")
	}
	// RFC 9207: the response is of the provider that the visitor was sent to, and of no other.
	if issuer := query.Get("iss"); issuer != p.Issuer && (issuer != "" || m.NamesItself) {
		return nil, wrong("iss")
	}
	if code := query.Get("error"); code != "" {
		return nil, refusal{code: "oidc.refused", why: code}
	}
	if query.Get("code") == "" {
		return nil, wrong("code")
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(r.Context(), p.client), 2*timeout)
	defer cancel()
	token, err := p.oauth(m, f.redirectURI(r, p)).Exchange(ctx, query.Get("code"),
		oauth2.VerifierOption(secretOf(browser(r), "verifier", state.Text)))
	if err != nil {
		return nil, exchangeError(err)
	}
	raw, _ := token.Extra("id_token").(string)
	payload, err := p.verified(ctx, m, raw)
	if errors.Is(err, errSignature) {
		return nil, wrong("signature")
	}
	if err != nil {
		return nil, err
	}
	c, err := parseClaims(payload)
	if err != nil {
		return nil, wrong("claims")
	}
	return &signedIn{c, token, m}, c.check(&p.Provider, secretOf(browser(r), "nonce", state.Text), f.now())
}

// exchangeError returns the error of a token endpoint without its body, which may hold a token. A
// code that the provider does not accept is the visitor's; everything else is a failure.
func exchangeError(err error) error {
	answer := (*oauth2.RetrieveError)(nil)
	if !errors.As(err, &answer) {
		return failure{fmt.Errorf("oidc: token: %w", err)}
	}
	if answer.ErrorCode == "invalid_grant" {
		return wrong("code")
	}
	status := 0
	if answer.Response != nil {
		status = answer.Response.StatusCode
	}
	return failure{fmt.Errorf("oidc: the token endpoint responds with %d and the error %q", status,
		requestinfo.LogText(answer.ErrorCode))}
}

// signIn signs in the user of the account, or signs up a new one where the site wants that.
func (f *Feature) signIn(
	w http.ResponseWriter, r *http.Request, p *party, state accounts.Challenge, in *signedIn,
) error {
	ctx := r.Context()
	id, err := f.accounts.UseOIDC(ctx, in.account())
	if errors.Is(err, database.ErrNotFound) {
		if !f.options.Signup {
			return refusal{code: "oidc.unlinked"}
		}
		id, err = f.signUp(r, p, in)
	}
	if err != nil {
		return err
	}
	user, err := f.Auth().UserToLogin(ctx, id)
	switch {
	case errors.Is(err, auth.ErrInactive):
		return refusal{code: "oidc.inactive"}
	case errors.Is(err, auth.ErrNoUser):
		return refusal{code: "oidc.unlinked"}
	case err != nil:
		return err
	}
	at := accounts.OIDCSession{Issuer: in.Issuer, Subject: in.Subject, ID: in.Session}
	if err := f.accounts.RememberOIDCSession(ctx, user.ID, at); err != nil {
		return err
	}
	origin, err := at.Origin()
	if err != nil {
		return err
	}
	flow.Emit(ctx, "oidc.login", slog.String("provider", p.Name), slog.String("user", user.ID))
	f.Enter(w, r, pages.Entry{
		User: user, Method: Method, Origin: origin, Next: state.Next, Status: http.StatusOK,
		Message: "Login successful",
	})
	return nil
}

// link links the account to the user who asked for it.
func (f *Feature) link(w http.ResponseWriter, r *http.Request, p *party, in *signedIn) error {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return err
	}
	err = f.accounts.LinkOIDC(r, user, in.account(), p.label())
	switch {
	case errors.Is(err, accounts.ErrOIDCTaken):
		return f.linkedAlready(w, r, p, user, in)
	case err != nil:
		return err
	}
	flow.Emit(r.Context(), "oidc.linked", slog.String("provider", p.Name), slog.String("user", user.ID))
	t := f.Translator(w, r)
	f.Finish(w, r, URL, t.T("Your account at %(provider)s is linked. You can sign in by it now.",
		"provider", p.label()), "Account linked")
	return nil
}

// linkedAlready responds where the account is linked: to the same user, which is as it should be, or
// to another.
func (f *Feature) linkedAlready(
	w http.ResponseWriter, r *http.Request, p *party, user *auth.User, in *signedIn,
) error {
	all, err := f.accounts.OIDCOf(r.Context(), user)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.Issuer == in.Issuer && o.Subject == in.Subject {
			t := f.Translator(w, r)
			f.Finish(w, r, URL, t.T("This account at %(provider)s is linked already.", "provider", p.label()),
				"Account linked")
			return nil
		}
	}
	return refusal{code: "oidc.taken", why: "another user has it, or there are too many"}
}

// Refused is what oidc_refused.html shows.
type Refused struct {
	Message string
	// URL and Label are where to go on.
	URL, Label string
}

// refuse responds to a login or a link that failed. A user who is signed in stays so.
func (f *Feature) refuse(w http.ResponseWriter, r *http.Request, p *party, err error) {
	say := saying(err)
	if say == nil {
		f.Fail(w, r, err)
		return
	}
	say.tell(r, p, err)
	if say.status == http.StatusServiceUnavailable {
		f.Logger().WarnContext(r.Context(), "an OpenID provider failed", "provider", p.Name, "error",
			requestinfo.LogError(err))
	}
	if guessed(err) {
		if err := f.Auth().FailAttempt(r); err != nil {
			f.Fail(w, r, err)
			return
		}
	}
	t := f.Translator(w, r)
	message := t.T(say.sentence, "provider", p.label())
	if !negotiate.HTML(r) {
		if say.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", httptext.LoginChallenge(f.LoginURL(r)))
		}
		pages.JSON(w, say.status, map[string]string{"error": message})
		return
	}
	page := Refused{message, f.LoginURL(r), t.T("Log in")}
	if user, err := auth.UserFromContext(r.Context()); err == nil && user.IsAuthenticated() {
		page.URL, page.Label = f.URL(r, "oidc"), t.T("Linked accounts")
	}
	f.Render(w, r, say.status, "oidc_refused.html", page)
}
