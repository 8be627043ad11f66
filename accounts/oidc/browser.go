package oidc

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

const (
	// browserCookie has a random text, to which the state of this browser is bound. Its value is
	// in no address, so that nobody who reads those can use them.
	browserCookie = "coatcheck_oidc"
	browserLength = 26 // of rand.Text
)

// cookieName is that of the cookie: over HTTPS one that no other host can set.
func cookieName(r *http.Request) string {
	if requestinfo.Secure(r) {
		return "__Host-" + browserCookie
	}
	return browserCookie
}

// browser returns the text of the cookie, or "".
func browser(r *http.Request) string {
	value, _ := httptext.Lookup(r.Header, cookieName(r))
	if len(value) != browserLength {
		return ""
	}
	return value
}

// know returns the text by which the browser is known, which gets the cookie for as long as a
// visitor may take at the provider.
func know(w http.ResponseWriter, r *http.Request) string {
	text := browser(r)
	if text == "" {
		text = rand.Text()
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: text, Path: "/", MaxAge: int(stateLife / time.Second),
		Secure: requestinfo.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return text
}

// secretOf returns a secret of a state for one purpose, which only the browser and the site can
// derive: the nonce, and the verifier of PKCE.
func secretOf(browser, purpose, state string) string {
	mac := hmac.New(sha256.New, []byte(browser))
	mac.Write([]byte(purpose + " " + state))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
