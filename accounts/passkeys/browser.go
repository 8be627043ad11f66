package passkeys

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

const (
	// browserCookie has a random text, to which challenges of this browser are bound.
	browserCookie = "coatcheck_passkey"
	browserAge    = time.Hour
	browserLength = 26 // of rand.Text
)

// browser returns the text of the cookie, or "".
func browser(r *http.Request) string {
	value, _ := httptext.Lookup(r.Header, browserCookie)
	if len(value) != browserLength {
		return ""
	}
	return value
}

// challenge returns a new challenge for a purpose, and the same sealed for the browser, which
// gets the cookie if it has none. Nothing is stored.
func (f *Feature) challenge(
	w http.ResponseWriter, r *http.Request, p party, purpose, userID string,
) (protocol.URLEncodedBase64, string, error) {
	text := browser(r)
	if text == "" {
		text = rand.Text()
	}
	raw, err := protocol.CreateChallenge()
	if err != nil {
		return nil, "", err
	}
	sealed, err := f.accounts.SealChallenge(accounts.Challenge{
		Purpose: purpose, Text: raw.String(), RPID: p.id, Origin: p.origin, UserID: userID,
	}, text)
	if err != nil {
		return nil, "", err
	}
	http.SetCookie(w, &http.Cookie{
		Name: browserCookie, Value: text, Path: requestinfo.Below(r, "/"),
		MaxAge: int(browserAge / time.Second),
		Secure: requestinfo.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return raw, sealed, nil
}

// opened returns the challenge that a request brings back, if it is of this browser, site, user
// and purpose. The error is accounts.ErrChallenge.
func (f *Feature) opened(
	r *http.Request, p party, sealed, purpose, userID string,
) (accounts.Challenge, error) {
	c, err := f.accounts.OpenChallenge(sealed, purpose, userID, browser(r))
	if err == nil && (c.RPID != p.id || c.Origin != p.origin) {
		err = accounts.ErrChallenge
	}
	return c, err
}
