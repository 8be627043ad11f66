package oidc

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// What a state is for.
const (
	purposeLogin = "oidc login"
	purposeLink  = "oidc link"
	// purposeTicket is the parameter link of an address on the page to link an account: no other
	// site knows it, so that none can have an account of its choice linked.
	purposeTicket = "oidc ticket"
)

// stateLife is how long a visitor may take at a provider.
const stateLife = 15 * time.Minute

// maxNext bounds the return URL that travels to the provider and back.
const maxNext = 1024

// start redirects to the provider, where the visitor signs in.
func (f *Feature) start(w http.ResponseWriter, r *http.Request) {
	p := f.party(r)
	if p == nil {
		f.NotFound().ServeHTTP(w, r)
		return
	}
	state, err := f.wanted(r, p)
	if err != nil {
		f.refuse(w, r, p, err)
		return
	}
	if state.Purpose == purposeLogin && f.PassBy(w, r) {
		return
	}
	m, err := p.metadata(r.Context())
	if err != nil {
		f.refuse(w, r, p, err)
		return
	}
	known := know(w, r)
	sealed, err := f.accounts.SealChallenge(state, known)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "oidc.started", slog.String("provider", p.Name))
	f.Redirect(w, r, p.oauth(m, f.redirectURI(r, p)).AuthCodeURL(sealed,
		oidc.Nonce(secretOf(known, "nonce", state.Text)),
		oauth2.S256ChallengeOption(secretOf(known, "verifier", state.Text))))
}

// wanted returns the state for what a visitor goes to a provider for.
func (f *Feature) wanted(r *http.Request, p *party) (accounts.Challenge, error) {
	state := accounts.Challenge{
		Text: rand.Text(), Purpose: purposeLogin, RPID: p.Name, Origin: requestinfo.Origin(r),
		Next: f.Next(r, nil), Expires: f.now().Add(stateLife),
	}
	if len(state.Next) > maxNext {
		state.Next = ""
	}
	ticket := r.URL.Query().Get("link")
	if ticket == "" {
		return state, nil
	}
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return state, err
	}
	asked, err := f.accounts.OpenChallenge(ticket, purposeTicket, user.ID, browser(r))
	if err == nil && (asked.RPID != p.Name || asked.Origin != state.Origin) {
		err = accounts.ErrChallenge
	}
	if err != nil {
		return state, refusal{code: "oidc.state", why: "ticket"}
	}
	state.Purpose, state.UserID, state.Next = purposeLink, asked.UserID, ""
	return state, f.checkLinker(r, state)
}

// checkLinker refuses to link an account for another user than the one who asked, or by a login that
// is not recent any more.
func (f *Feature) checkLinker(r *http.Request, state accounts.Challenge) error {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return err
	}
	if !user.IsAuthenticated() || user.ID != state.UserID {
		return refusal{code: "oidc.state", why: "user"}
	}
	// A visitor may take a while at the provider, which the life of the state bounds.
	fresh, err := f.Auth().LoginIsFresh(r.Context(), freshFor+2*stateLife)
	if err == nil && !fresh {
		err = refusal{code: "oidc.state", why: "login not recent"}
	}
	return err
}

// redirectURI is where the provider sends visitors back to. It is compared to the letter there.
func (f *Feature) redirectURI(r *http.Request, p *party) string {
	return requestinfo.Origin(r) + requestinfo.Below(r, URL+p.Name+"/callback/")
}

// returned opens the state that a visitor brings back, and uses it up.
func (f *Feature) returned(r *http.Request, p *party) (accounts.Challenge, error) {
	sealed := r.URL.Query().Get("state")
	state, err := f.accounts.OpenChallenge(sealed, purposeLogin, "", browser(r))
	if errors.Is(err, accounts.ErrChallenge) {
		user, failed := auth.UserFromContext(r.Context())
		if failed != nil {
			return state, failed
		}
		state, err = f.accounts.OpenChallenge(sealed, purposeLink, user.ID, browser(r))
	}
	if err != nil {
		return state, refusal{code: "oidc.state", why: "unknown"}
	}
	if state.RPID != p.Name || state.Origin != requestinfo.Origin(r) {
		return state, refusal{code: "oidc.state", why: "provider"}
	}
	err = f.accounts.UseState(r.Context(), state)
	if errors.Is(err, accounts.ErrChallenge) {
		err = refusal{code: "oidc.state", why: "used"}
	}
	return state, err
}
