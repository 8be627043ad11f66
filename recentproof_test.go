package coatcheck_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/softkey"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

const confirmURL = "/accounts/confirm/"

func withPasskeys(c *coatcheck.Config) {
	c.Views.Extras = append(c.Views.Extras, passkeys.New(passkeys.Options{}))
}

// prover is a client that is signed in, at localhost, where there are passkeys.
type prover struct {
	*coatchecktest.Client
	t testing.TB
}

func newProver(t testing.TB, site *coatchecktest.Site, user *auth.User) *prover {
	t.Helper()
	c := site.NewClient(site.Handler(site.Views))
	c.URL.Host = "localhost:" + c.URL.Port()
	c.ForceLogin(user)
	return &prover{c, t}
}

// as returns the client with what it accepts.
func (p *prover) as(accept string) *prover {
	c := *p.Client
	c.Header = p.Header.Clone()
	c.Header.Set("Accept", accept)
	return &prover{&c, p.t}
}

// age lets the last proof be so long ago, or forgets when it was.
func (p *prover) age(d time.Duration) {
	p.t.Helper()
	s := p.Session()
	_, err := s.Delete(p.t.Context(), sessionkeys.LoginTime)
	if d > 0 {
		err = errors.Join(err, s.Set(p.t.Context(), sessionkeys.LoginTime, time.Now().Add(-d).Unix()))
	}
	if err = errors.Join(err, s.Save(p.t.Context())); err != nil {
		p.t.Fatal(err)
	}
}

// wants fails the test unless a response has the status, and the text in its body or as its target.
func (p *prover) wants(got *coatchecktest.Response, status int, text string) {
	p.t.Helper()
	if got.Status != status || !strings.Contains(got.Body+" "+got.Location(), text) {
		p.t.Errorf("%d to %q %s, want %d and %q", got.Status, got.Location(), got.Body, status, text)
	}
}

// addKey adds a passkey to the account, right after a proof.
func (p *prover) addKey() *softkey.Key {
	p.t.Helper()
	p.age(time.Second)
	k, origin := &softkey.Key{}, p.URL.Scheme+"://"+p.URL.Host
	response, state, err := k.Create([]byte(p.Get("/accounts/passkeys/add/").Body), origin)
	if err != nil {
		p.t.Fatal(err)
	}
	got := p.PostJSON("/accounts/passkeys/add/", map[string]string{"name": "Old", "credential": response, "state": state})
	p.wants(got, http.StatusOK, "Passkey added")
	k.Origin = origin
	return k
}

// keys lists the IDs and names of the passkeys.
func (p *prover) keys() (id, name string) {
	p.t.Helper()
	var all struct {
		Passkeys []struct{ ID, Name string }
	}
	p.Get("/accounts/passkeys/").JSON(&all)
	if len(all.Passkeys) == 0 {
		return "", ""
	}
	return all.Passkeys[0].ID, all.Passkeys[0].Name
}

// TestRecentProof: a page that wants a recent proof asks for one when the last is too old, takes a
// password, a code, a recovery code or a passkey, leads back, and asks no more. The session gets
// another key, and the old one is worth nothing.
func TestRecentProof(t *testing.T) {
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		ada := site.CreateUser("ada", factorPassword)
		p := newProver(t, site, ada)
		k := p.addKey()
		app, codes := addApp(t, p.Client)
		for name, show := range map[string]func() *coatchecktest.Response{
			"password": func() *coatchecktest.Response {
				return p.as(html).Post(confirmURL, url.Values{"password": {factorPassword}, "next": {"/accounts/passkeys/add/"}})
			},
			"code": func() *coatchecktest.Response {
				return p.as(html).Post(confirmURL, url.Values{"code": {app.at(30 * time.Second)}, "next": {"/accounts/passkeys/add/"}})
			},
			"recovery_code": func() *coatchecktest.Response {
				return p.as(html).Post(confirmURL+"?next=/accounts/passkeys/add/", url.Values{"code": {codes[0]}, "password": {""}})
			},
			"passkey": func() *coatchecktest.Response {
				response, state, err := k.Get([]byte(p.Get("/accounts/passkeys/confirm/").Body))
				if err != nil {
					t.Fatal(err)
				}
				return p.as(html).Post("/accounts/passkeys/confirm/", url.Values{"credential": {response}, "state": {state}, "next": {"/accounts/passkeys/add/"}})
			},
		} {
			p.age(6 * time.Minute)
			old := p.Session().Key()
			p.wants(p.as(html).Get("/accounts/passkeys/add/"), http.StatusFound, confirmURL+"?next=/accounts/passkeys/add/")
			p.wants(p.as("application/json").Get("/accounts/passkeys/add/"), http.StatusUnauthorized, `"reason":"proof-wanted","url":"/accounts/confirm/"`)
			p.wants(p.as(html).Get(confirmURL), http.StatusOK, "You are signed in as ada. Before you go on")
			p.wants(show(), http.StatusFound, "/accounts/passkeys/add/")
			p.wants(p.as(html).Get("/accounts/passkeys/add/"), http.StatusOK, "Add a passkey")
			session := p.Session()
			if session.Key() == old {
				t.Errorf("%s: the session kept its key", name)
			}
			data, _, err := session.Get(t.Context(), sessionkeys.Proofs)
			if err != nil || strings.Count(data, `"`+name+`"`) != 1 {
				t.Errorf("the proofs of the session after %s: %s, %v", name, data, err)
			}
			thief := site.NewClient(site.Handler(site.Views))
			thief.SetSession(site.Sessions.Session(string(old)))
			if got := thief.Get("/accounts/profile/"); got.Status == http.StatusOK {
				t.Errorf("%s: the old key is still good: %s", name, got.Body)
			}
		}
	}, withPasskeys)
}

// TestRecentProofRefused: a wrong proof gets nobody anywhere, and counts like a wrong login.
func TestRecentProofRefused(t *testing.T) {
	site := coatchecktest.NewSite(t, withPasskeys)
	ada, bob := site.CreateUser("ada", factorPassword), site.CreateUser("bob", factorPassword)
	p, other := newProver(t, site, ada), newProver(t, site, bob)
	p.addKey()
	foreign := other.addKey()
	p.age(time.Hour)
	p.wants(p.PostJSON(confirmURL, map[string]string{}), http.StatusBadRequest, "This field is required.")
	p.wants(p.PostJSON(confirmURL, map[string]string{"code": "123456"}), http.StatusBadRequest, "This field is required.")
	p.wants(p.as(html).Post(confirmURL, url.Values{"password": {"wrong"}, "next": {"/accounts/passkeys/add/"}}), http.StatusOK, "entered incorrectly")
	p.wants(p.as(html).Get(confirmURL+"?next=https://evil.example/"), http.StatusOK, "Confirm that it is you")
	if got := p.as(html).Get(confirmURL + "?next=https://evil.example/"); strings.Contains(got.Body, `name="next" value="https`) {
		t.Errorf("it leads elsewhere: %s", got.Body)
	}
	response, state, err := foreign.Get([]byte(p.Get("/accounts/passkeys/confirm/").Body))
	if err != nil {
		t.Fatal(err)
	}
	sent := map[string]string{"credential": response, "state": state}
	p.wants(p.PostJSON("/accounts/passkeys/confirm/", sent), http.StatusUnauthorized, "not one of the account")
	response, state, err = foreign.Get([]byte(p.Get("/accounts/passkeys/login/").Body))
	if err != nil {
		t.Fatal(err)
	}
	sent = map[string]string{"credential": response, "state": state}
	p.wants(p.PostJSON("/accounts/passkeys/confirm/", sent), http.StatusUnauthorized, "open for too long")
	p.wants(p.as(html).Get("/accounts/passkeys/add/"), http.StatusFound, confirmURL)
	entries, err := site.Accounts.Audit(t.Context(), audit.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, e := range entries {
		if e.Event == "password-check-failed" && e.UserID == ada.ID {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d failed proofs in the audit log, want 1 of %+v", failed, entries)
	}
	held := false
	for range 20 {
		if held = p.PostJSON(confirmURL, map[string]string{"password": "wrong"}).Status == http.StatusTooManyRequests; held {
			break
		}
	}
	if !held {
		t.Error("a password can be guessed without limit")
	}
	login := site.NewClient(site.Handler(site.Views))
	if got := login.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword}); got.Status != http.StatusTooManyRequests {
		t.Errorf("the guesses did not count as logins: %d %s", got.Status, got.Body)
	}
}

// TestRecentProofKeepsTheForm: a form that was sent when the proof was too old comes back as it was
// filled in, and a button does then what it was pressed for: once, for this session alone.
func TestRecentProofKeepsTheForm(t *testing.T) {
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		p := newProver(t, site, site.CreateUser("ada", factorPassword))
		p.addKey()
		id, _ := p.keys()
		confirm := func(to string) *coatchecktest.Response {
			t.Helper()
			got := p.as(html).Post(to, url.Values{"password": {factorPassword}})
			if got.Status != http.StatusFound {
				t.Fatalf("the proof: %d %s", got.Status, got.Body)
			}
			return got
		}
		p.age(time.Hour)
		asked := p.as(html).Post("/accounts/passkeys/add/", url.Values{"name": {"Blue <key>"}, "credential": {"{}"}, "state": {"x"}})
		p.wants(asked, http.StatusFound, confirmURL+"?next=/accounts/passkeys/add/%3Fform%3D")
		if sealed, err := p.Session().Text(t.Context(), sessionkeys.Kept); err != nil || sealed == "" || strings.Contains(sealed, "Blue") {
			t.Errorf("the session keeps %q, %v", sealed, err)
		}
		back := confirm(asked.Location()).Location()
		p.wants(p.as(html).Get(back), http.StatusOK, `value="Blue &lt;key&gt;"`)
		if got := p.as(html).Get(back); got.Status != http.StatusOK || strings.Contains(got.Body, "Blue") {
			t.Errorf("the form comes back twice: %d %s", got.Status, got.Body)
		}

		p.age(time.Hour)
		asked = p.as(html).Post("/accounts/passkeys/rename/", url.Values{"id": {id}, "name": {"New"}})
		p.wants(asked, http.StatusFound, confirmURL+"?next=/accounts/passkeys/rename/%3Fform%3D")
		next, err := url.Parse(asked.Location())
		if err != nil {
			t.Fatal(err)
		}
		name := next.Query().Get("next")
		p.wants(p.as(html).Get(name), http.StatusFound, confirmURL) // not before the proof
		p.wants(p.as(html).Get("/accounts/passkeys/rename/?form=guessed"), http.StatusFound, confirmURL)
		if _, now := p.keys(); now != "Old" {
			t.Errorf("the button did its work before the proof: %q", now)
		}
		back = confirm(asked.Location()).Location()
		p.wants(p.as(html).Get("/accounts/passkeys/rename/?form=guessed"), http.StatusFound, "/accounts/passkeys/")
		if _, now := p.keys(); now != "Old" {
			t.Errorf("another name did it: %q", now)
		}
		p.wants(p.as(html).Get(back), http.StatusFound, "/accounts/passkeys/")
		if _, now := p.keys(); now != "New" {
			t.Errorf("after the proof the key is called %q", now)
		}
		p.PostJSON("/accounts/passkeys/rename/", map[string]string{"id": id, "name": "Newer"})
		p.wants(p.as(html).Get(back), http.StatusFound, "/accounts/passkeys/")
		if _, now := p.keys(); now != "Newer" {
			t.Errorf("the button did it twice: %q", now)
		}

		p.age(time.Hour)
		asked = p.as(html).Post("/accounts/passkeys/remove/", url.Values{"id": {id}})
		p.wants(p.as(html).Get(confirm(asked.Location()).Location()), http.StatusFound, "/accounts/passkeys/")
		if gone, _ := p.keys(); gone != "" {
			t.Error("the passkey is still there")
		}

		p.age(time.Hour)
		asked = p.as(html).Post("/accounts/passkeys/add/", url.Values{"name": {strings.Repeat("x", 3000)}})
		p.wants(asked, http.StatusFound, confirmURL+"?next=/accounts/passkeys/add/")
		if strings.Contains(asked.Location(), "form") {
			t.Errorf("a large form is kept: %s", asked.Location())
		}
	}, withPasskeys)
}

// TestRecentProofWithoutAPassword: a user who has no password confirms by what there is, on the pages
// that ask others for their password, or logs in again.
func TestRecentProofWithoutAPassword(t *testing.T) {
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		ada := site.CreateUser("ada", factorPassword)
		p := newProver(t, site, ada)
		k := p.addKey()
		ada.Password = password.Unusable()
		if err := site.Database.SetPassword(t.Context(), ada.ID, ada.Password); err != nil {
			t.Fatal(err)
		}
		p = newProver(t, site, ada)
		k.Origin = p.URL.Scheme + "://" + p.URL.Host
		p.age(time.Hour)
		for _, path := range []string{"/accounts/close/", "/accounts/two_factor/add/"} {
			p.wants(p.as(html).Get(path), http.StatusFound, confirmURL+"?next="+path)
		}
		p.wants(p.PostJSON("/accounts/close/", map[string]string{"understand": "yes"}), http.StatusUnauthorized, "proof-wanted")
		p.wants(p.Get(confirmURL), http.StatusOK, `"means":["passkey"]`)
		if page := p.as(html).Get(confirmURL); strings.Contains(page.Body, `type="password"`) || !strings.Contains(page.Body, "needs JavaScript") {
			t.Errorf("the page: %s", page.Body)
		}
		p.wants(p.PostJSON(confirmURL, map[string]string{"password": "x"}), http.StatusForbidden, "no password")
		response, state, err := k.Get([]byte(p.Get("/accounts/passkeys/confirm/").Body))
		if err != nil {
			t.Fatal(err)
		}
		p.wants(p.PostJSON("/accounts/passkeys/confirm/", map[string]string{"credential": response, "state": state}), http.StatusOK, "Confirmed")
		p.wants(p.PostJSON("/accounts/close/", map[string]string{"understand": "yes"}), http.StatusOK, "closed")

		bob := site.CreateUser("bob", "")
		q := newProver(t, site, bob)
		q.age(0)
		q.wants(q.as(html).Get("/accounts/close/"), http.StatusFound, confirmURL+"?next=/accounts/close/")
		q.wants(q.Get(confirmURL), http.StatusOK, `"means":[]`)
		q.wants(q.as(html).Get(confirmURL+"?next=/accounts/close/"), http.StatusOK, "Log out and log in again")
		q.wants(q.PostJSON(confirmURL, map[string]string{"password": ""}), http.StatusForbidden, "log in again")
		again := q.as(html).Post("/accounts/logout/", url.Values{"next": {"/accounts/close/"}})
		q.wants(again, http.StatusFound, "/accounts/close/")
		q.ForceLogin(bob)
		q.age(time.Second)
		q.wants(q.PostJSON("/accounts/close/", map[string]string{"understand": "yes"}), http.StatusOK, "closed")
	}, withPasskeys)
}

// TestRecentProofOff: a site can ask for no proof, or for one sooner.
func TestRecentProofOff(t *testing.T) {
	for age, want := range map[time.Duration]int{-1: http.StatusOK, 10 * time.Second: http.StatusFound, time.Hour: http.StatusOK} {
		site := coatchecktest.NewSite(t, withPasskeys, func(c *coatcheck.Config) { c.Views.RecentProof = age })
		p := newProver(t, site, site.CreateUser("ada", factorPassword))
		p.age(time.Minute)
		p.wants(p.as(html).Get("/accounts/passkeys/add/"), want, "")
		if _, kept, err := p.Session().Get(t.Context(), sessionkeys.Kept); err != nil || kept {
			t.Errorf("a page that is looked at keeps something: %v", err)
		}
	}
}

// TestRecentProofOutage: without the session store nobody is asked to confirm, and nobody is let in.
func TestRecentProofOutage(t *testing.T) {
	site := coatchecktest.NewSite(t, withPasskeys)
	ada := site.CreateUser("ada", factorPassword)
	p := newProver(t, site, ada)
	request := p.NewRequest(http.MethodPost, confirmURL, strings.NewReader(url.Values{"password": {factorPassword}}.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := site.Database.Close(); err != nil {
		t.Fatal(err)
	}
	if got := p.Do(request); got.Status != http.StatusServiceUnavailable || got.Cookie(sessions.DefaultCookieName) != nil {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
