package oidc

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/pages"
)

// maxLogout bounds the body of a back-channel logout.
const maxLogout = 2 * maxToken

// logout ends the sessions that a provider tells of by a logout token (OpenID Connect Back-Channel
// Logout 1.0). The request comes from the provider itself and has no cookie; its signature is what
// it is believed by.
func (f *Feature) logout(w http.ResponseWriter, r *http.Request) {
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
	ended, err := f.endBy(w, r, p)
	switch bad := wrong(""); {
	case errors.As(err, &bad):
		flow.Emit(r.Context(), "oidc.logout_refused", slog.String("provider", p.Name),
			slog.String("why", string(bad)))
		pages.JSON(w, http.StatusBadRequest, map[string]string{
			"error":             "invalid_request",
			"error_description": "The logout token has a wrong " + string(bad) + ".",
		})
		return
	case errors.As(err, new(failure)):
		right()
		flow.Emit(r.Context(), "oidc.failed", slog.String("provider", p.Name), slog.Any("error", err))
		pages.JSON(w, http.StatusServiceUnavailable, map[string]string{"error": "temporarily_unavailable"})
		return
	case err != nil:
		right()
		f.Fail(w, r, err)
		return
	}
	right()
	flow.Emit(r.Context(), "oidc.logout", slog.String("provider", p.Name), slog.Int("count", ended))
	w.WriteHeader(http.StatusOK)
}

// endBy checks the logout token of a request, uses it up, and ends the sessions.
func (f *Feature) endBy(w http.ResponseWriter, r *http.Request, p *party) (ended int, err error) {
	token, err := logoutToken(w, r)
	if err != nil {
		return 0, err
	}
	typ, err := typeOf(token)
	if err != nil {
		return 0, wrong("type")
	}
	m, err := p.metadata(r.Context())
	if err != nil {
		return 0, err
	}
	payload, err := p.verified(r.Context(), m, token)
	if errors.Is(err, errSignature) {
		return 0, wrong("signature")
	}
	if err != nil {
		return 0, err
	}
	c, err := parseClaims(payload)
	if err != nil {
		return 0, wrong("claims")
	}
	until, err := c.checkLogout(&p.Provider, typ, f.now())
	if err != nil {
		return 0, err
	}
	ctx := hooks.WithRequest(r)
	at := accounts.OIDCSession{Issuer: c.Issuer, Subject: c.Subject, ID: c.Session}
	ended, err = f.accounts.LogOutByOIDC(ctx, at, c.ID, until)
	if errors.Is(err, accounts.ErrChallenge) {
		return ended, wrong("token ID")
	}
	return ended, err
}

// logoutToken returns the token in the body of a request.
func logoutToken(w http.ResponseWriter, r *http.Request) (string, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return "", wrong("content type")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLogout))
	if err != nil {
		return "", wrong("body")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["logout_token"]) != 1 {
		return "", wrong("body")
	}
	return form.Get("logout_token"), nil
}
