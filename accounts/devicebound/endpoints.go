package devicebound

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/sessions"
)

// The headers of the protocol.
const (
	responseHeader  = "Secure-Session-Response"
	challengeHeader = "Secure-Session-Challenge"
	idHeader        = "Sec-Secure-Session-Id"
)

// description is what a browser has to know of a bound session.
type description struct {
	ID          string       `json:"session_identifier"`
	RefreshURL  string       `json:"refresh_url"`
	Scope       scope        `json:"scope"`
	Credentials []credential `json:"credentials"`
}

type scope struct {
	Origin      string   `json:"origin"`
	IncludeSite bool     `json:"include_site"`
	Rules       []string `json:"scope_specification"`
}

type credential struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	Attributes string `json:"attributes"`
}

// register binds the session of a request to the key that the browser made.
func (f *Feature) register(w http.ResponseWriter, r *http.Request) {
	session, who, err := f.session(r)
	if err != nil {
		f.fail(w, r, err)
		return
	}
	offered, _ := sessionkeys.Text(sessionkeys.Loaded(session), sessionkeys.Bind)
	if who == nil || offered == "" || len(offered) != idLength {
		f.refuse(w, r, "nothing was offered to the session")
		return
	}
	p, err := readProof(r.Header.Get(responseHeader), "", nil)
	switch {
	case err != nil:
		f.refuse(w, r, "the form, the key or the signature is wrong")
		return
	case p.authorization != offered || !f.opens(p.challenge, forRegistration, offered, 0):
		f.refuse(w, r, "the challenge is another session's, or too old")
		return
	}
	err = f.accounts.BindSession(r, session, own.DeviceBinding{
		ID: offered, UserID: who.ID, Algorithm: p.algorithm, PublicKey: p.publicKey,
	}, f.until())
	switch {
	case errors.Is(err, accounts.ErrNoBinding):
		f.refuse(w, r, "the challenge was used already")
	case err != nil:
		f.fail(w, r, err)
	default:
		flow.Emit(r.Context(), "binding.made",
			slog.String("user", who.ID), slog.String("algorithm", p.algorithm))
		f.describe(w, r, offered, 0)
	}
}

// refresh renews the cookie of a browser that proves to have the key. One that brings no proof
// gets a challenge. Where the session has ended, the browser is told to forget it.
func (f *Feature) refresh(w http.ResponseWriter, r *http.Request) {
	id := unquoted(r.Header.Get(idHeader))
	session, who, err := f.session(r)
	if err != nil {
		f.fail(w, r, err)
		return
	}
	if bound, _ := boundTo(session); who == nil || bound == "" || bound != id {
		f.end(w, r)
		return
	}
	b, err := f.accounts.Binding(r.Context(), id)
	switch {
	case errors.Is(err, accounts.ErrNoBinding):
		f.end(w, r)
		return
	case err != nil:
		f.fail(w, r, err)
		return
	}
	value := r.Header.Get(responseHeader)
	if value == "" {
		f.ask(w, r, b)
		return
	}
	f.prove(w, r, session, b, value)
}

// prove checks a proof for a refresh.
func (f *Feature) prove(
	w http.ResponseWriter, r *http.Request, session *sessions.Session, b *own.DeviceBinding,
	value string,
) {
	key, _, err := readKey(b.Algorithm, []byte(b.PublicKey))
	if err != nil {
		f.fail(w, r, err)
		return
	}
	p, err := readProof(value, b.Algorithm, key)
	if err != nil {
		f.refuse(w, r, "the form or the signature is wrong")
		return
	}
	if !f.opens(p.challenge, forRefresh, b.ID, b.Refreshes) {
		f.ask(w, r, b) // the browser was offline, or did not get the last response
		return
	}
	err = f.accounts.RefreshBinding(r.Context(), session, *b)
	switch {
	case errors.Is(err, accounts.ErrNoBinding): // another request was first
		b.Refreshes++
		f.ask(w, r, b)
	case err != nil:
		f.fail(w, r, err)
	default:
		flow.Emit(r.Context(), "binding.refreshed", slog.String("user", b.UserID))
		f.describe(w, r, b.ID, b.Refreshes+1)
	}
}

// session returns the session of a request and its user, nil where nobody is signed in. The cookie
// of the device is not asked for, and nothing changes.
func (f *Feature) session(r *http.Request) (*sessions.Session, *auth.User, error) {
	session, err := sessions.FromContext(r.Context())
	if err != nil {
		return nil, nil, err
	}
	who, _, err := f.Auth().Verify(r.Context(), session)
	if err != nil || !who.User.IsAuthenticated() {
		return session, nil, err
	}
	return session, who.User, nil
}

// describe responds with the session, the cookie of its device and the next challenge.
func (f *Feature) describe(w http.ResponseWriter, r *http.Request, id string, count int64) {
	cookie := httptext.SetCookie{
		Name: CookieName, Value: f.cookieValue(id), Path: "/", Secure: true, HttpOnly: true,
		SameSite: f.accounts.SessionConfig().CookieSameSite,
	}
	attributes := "Path=/; Secure; HttpOnly"
	if cookie.SameSite != "" {
		attributes += "; SameSite=" + cookie.SameSite
	}
	seconds := int(f.options.Life / time.Second)
	cookie.MaxAge = &seconds
	line, err := cookie.String(f.now())
	if err != nil {
		f.fail(w, r, err)
		return
	}
	w.Header().Add("Set-Cookie", line)
	f.setChallenge(w, id, count)
	pages.JSON(w, http.StatusOK, description{
		ID: id, RefreshURL: requestinfo.Below(r, refreshURL),
		Scope:       scope{Origin: requestinfo.Origin(r), Rules: []string{}},
		Credentials: []credential{{"cookie", CookieName, attributes}},
	})
}

// setChallenge adds the challenge for the next proof.
func (f *Feature) setChallenge(w http.ResponseWriter, id string, count int64) {
	w.Header().Set(challengeHeader, `"`+f.challenge(forRefresh, id, count)+`";id="`+id+`"`)
}

// ask responds with a challenge. To browsers the status means that a proof is wanted.
func (f *Feature) ask(w http.ResponseWriter, r *http.Request, b *own.DeviceBinding) {
	flow.Emit(r.Context(), "binding.challenged", slog.String("user", b.UserID))
	f.setChallenge(w, b.ID, b.Refreshes)
	pages.JSON(w, http.StatusForbidden, map[string]string{"error": "A proof of the device is wanted."})
}

// end lets the browser forget the binding. A cookie that it still has may be of another session.
func (f *Feature) end(w http.ResponseWriter, r *http.Request) {
	flow.Emit(r.Context(), "binding.ended")
	pages.JSON(w, http.StatusOK, map[string]bool{"continue": false})
}

// refuse responds to a wrong proof. The flow gets the reason, and the client none.
func (f *Feature) refuse(w http.ResponseWriter, r *http.Request, why string) {
	flow.Emit(r.Context(), "binding.refused", slog.String("why", why))
	pages.JSON(w, http.StatusBadRequest, map[string]string{
		"error": "The proof of the device was not accepted.",
	})
}

// fail responds to a failure of a store. The session stays as it is.
func (f *Feature) fail(w http.ResponseWriter, r *http.Request, err error) {
	flow.Emit(r.Context(), "binding.failed", slog.String("error", err.Error()))
	f.Fail(w, r, err)
}
