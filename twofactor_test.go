package coatcheck_test

import (
	"encoding/base32"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/sessions"
)

const factorPassword = "correct horse"

// base32NoPad writes secrets as apps take them.
var base32NoPad = base32.StdEncoding.WithPadding(base32.NoPadding)

// phone is an authenticator app.
type phone struct {
	t      testing.TB
	secret string
}

// at returns the code of a time from now.
func (p *phone) at(d time.Duration) string {
	p.t.Helper()
	code, err := totp.GenerateCode(p.secret, time.Now().Add(d))
	if err != nil {
		p.t.Fatal(err)
	}
	return code
}

// factorSite is a site with the account pages, and one that says who is signed in.
func factorSite(t testing.TB, change ...func(*coatcheck.Config)) (*coatchecktest.Site, http.Handler) {
	t.Helper()
	site := coatchecktest.NewSite(t, change...)
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.HandleFunc("/who/", func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(user.String()))
	})
	return site, site.Handler(mux)
}

// offered is what a program gets of a new secret.
type offered struct {
	Key, URL string
	Codes    []string `json:"recovery_codes"`
}

// addApp adds an app to the account of a client that is signed in, and returns it with the recovery
// codes.
func addApp(t testing.TB, c *coatchecktest.Client) (*phone, []string) {
	t.Helper()
	var o offered
	c.Get("/accounts/two_factor/add/").JSON(&o)
	p := &phone{t: t, secret: strings.ReplaceAll(o.Key, " ", "")}
	got := c.PostJSON("/accounts/two_factor/add/", map[string]string{"code": p.at(0), "password": factorPassword})
	got.JSON(&o)
	if got.Status != http.StatusOK || len(o.Codes) != 10 {
		t.Fatalf("the app was not added: %d %s", got.Status, got.Body)
	}
	return p, o.Codes
}

// owner is a user with an app, and a client that is signed in.
func owner(t testing.TB, site *coatchecktest.Site, h http.Handler) (*auth.User, *coatchecktest.Client, *phone, []string) {
	t.Helper()
	ada := site.CreateUser("ada", factorPassword)
	c := site.NewClient(h)
	c.ForceLogin(ada)
	p, codes := addApp(t, c)
	return ada, c, p, codes
}

// toCode logs in with the password, which leads to the code.
func toCode(t testing.TB, site *coatchecktest.Site, h http.Handler) *coatchecktest.Client {
	t.Helper()
	c := site.NewClient(h)
	got := c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword})
	if got.Status != http.StatusForbidden || !strings.Contains(got.Body, `"step":"code","url":"/accounts/login/code/"`) {
		t.Fatalf("the login: %d %s", got.Status, got.Body)
	}
	if who := c.Get("/who/").Body; who != "AnonymousUser" {
		t.Fatalf("%s is signed in before the code", who)
	}
	return c
}

func sendCode(c *coatchecktest.Client, code string) *coatchecktest.Response {
	return c.PostJSON("/accounts/login/code/", map[string]string{"code": code})
}

// TestCodeAtLogin: a login asks for a code that was not used before, and nobody is signed in until then.
func TestCodeAtLogin(t *testing.T) {
	site, h := factorSite(t)
	ada, _, p, codes := owner(t, site, h)
	c := toCode(t, site, h)
	confirmed := p.at(0)
	for name, code := range map[string]string{
		"that of the confirmation": confirmed, "an old one": p.at(-2 * time.Minute), "one to come": p.at(2 * time.Minute),
		"none": "", "text": "abcdef", "of another length": "12345", "a wrong recovery code": "0000-0000-0000-0000-0000-0000",
	} {
		if got := sendCode(c, code); got.Status != http.StatusBadRequest || c.Get("/who/").Body != "AnonymousUser" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	next := p.at(30 * time.Second) // one step either way
	if got := sendCode(c, next[:3]+" "+next[3:]); got.Status != http.StatusOK || c.Get("/who/").Body != "ada" {
		t.Fatalf("the code: %d %s", got.Status, got.Body)
	}
	proofs, _, err := c.Session().Get(t.Context(), sessionkeys.Proofs)
	if err != nil || !strings.Contains(proofs, `"method":"code"`) {
		t.Errorf("proofs: %s, %v", proofs, err)
	}
	again := toCode(t, site, h)
	for name, code := range map[string]string{"the same code": next, "the one before": p.at(0)} {
		if got := sendCode(again, code); got.Status != http.StatusBadRequest {
			t.Errorf("%s works again: %d", name, got.Status)
		}
	}
	if got := sendCode(again, strings.ToUpper(codes[3])); got.Status != http.StatusOK {
		t.Fatalf("a recovery code: %d %s", got.Status, got.Body)
	}
	if got := sendCode(toCode(t, site, h), codes[3]); got.Status != http.StatusBadRequest {
		t.Errorf("a recovery code works twice: %d", got.Status)
	}
	state, err := site.TwoFactor.State(t.Context(), ada)
	if err != nil || state.RecoveryCodes != 9 {
		t.Errorf("%+v, %v", state, err)
	}
}

// TestCodeOnce: of 64 who try one code at once, one is signed in; and likewise a recovery code.
func TestCodeOnce(t *testing.T) {
	for _, kind := range []string{"app", "recovery"} {
		t.Run(kind, func(t *testing.T) {
			site, h := factorSite(t, func(c *coatcheck.Config) { c.Logins.ThrottleOff = true })
			_, _, p, codes := owner(t, site, h)
			code := p.at(30 * time.Second)
			if kind == "recovery" {
				code = codes[0]
			}
			clients := make([]*coatchecktest.Client, 64)
			for i := range clients {
				clients[i] = toCode(t, site, h)
			}
			var all sync.WaitGroup
			var mu sync.Mutex
			statuses := map[int]int{}
			for _, c := range clients {
				all.Go(func() {
					got := sendCode(c, code)
					mu.Lock()
					defer mu.Unlock()
					statuses[got.Status]++
				})
			}
			all.Wait()
			if statuses[http.StatusOK] != 1 || statuses[http.StatusBadRequest] != 63 {
				t.Errorf("statuses: %v", statuses)
			}
		})
	}
}

// TestCodeGuesses: codes are guessed no more often than passwords, and a right password gives none of
// the guesses back.
func TestCodeGuesses(t *testing.T) {
	site, h := factorSite(t)
	ada, _, p, codes := owner(t, site, h)
	guesses := 0
	for range 4 {
		c := toCode(t, site, h)
		for range 5 {
			if sendCode(c, "000000").Status == http.StatusBadRequest {
				guesses++
			}
		}
	}
	if guesses != 10 {
		t.Errorf("%d guesses, want 10", guesses)
	}
	c := toCode(t, site, h)
	if got := sendCode(c, codes[0]); got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("a right code when there are no guesses left: %d", got.Status)
	}
	if err := site.Auth.Unlock(t.Context(), ada); err != nil { // as by a reset of the password
		t.Fatal(err)
	}
	if got := sendCode(c, codes[0]); got.Status != http.StatusTooManyRequests {
		t.Errorf("a mailbox restores guesses of codes: %d", got.Status)
	}
	if err := site.Auth.UnlockCodes(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	if got := sendCode(c, p.at(30*time.Second)); got.Status != http.StatusOK {
		t.Errorf("after the unlock: %d %s", got.Status, got.Body)
	}
}

// TestRememberAndNextSurviveTheCode: what was chosen on the login page holds after the code.
func TestRememberAndNextSurviveTheCode(t *testing.T) {
	site, h := factorSite(t)
	_, _, p, _ := owner(t, site, h)
	c := site.NewClient(h)
	c.Header.Set("Accept", "text/html")
	form := url.Values{"username": {"ada"}, "password": {factorPassword}, "remember": {"no"}, "next": {"/who/?x=1"}}
	got := c.Post("/accounts/login/", form)
	if got.Status != http.StatusFound || got.Location() != "/accounts/login/code/?next=/who/%3Fx%3D1" {
		t.Fatalf("the login: %d %s", got.Status, got.Location())
	}
	page := c.Get(got.Location()).Body
	for _, want := range []string{`autocomplete="one-time-code"`, `inputmode="numeric"`, `name="next" value="/who/?x=1"`, `href="/accounts/login/code/?recovery=&amp;next=/who/%3Fx%3D1"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s:\n%s", want, page)
		}
	}
	if recovery := c.Get("/accounts/login/code/?recovery").Body; strings.Contains(recovery, "one-time-code") || !strings.Contains(recovery, "Recovery code") {
		t.Errorf("the page for recovery codes:\n%s", recovery)
	}
	if got := c.Get("/accounts/profile/"); got.Status != http.StatusFound || !strings.HasPrefix(got.Location(), "/accounts/login/?next=") {
		t.Errorf("the profile: %d %s", got.Status, got.Location())
	}
	got = c.Post("/accounts/login/code/", url.Values{"code": {p.at(30 * time.Second)}, "next": {"/who/?x=1"}})
	if got.Status != http.StatusFound || got.Location() != "/who/?x=1" {
		t.Fatalf("the code: %d %s", got.Status, got.Location())
	}
	if closes, err := c.Session().ExpiresAtBrowserClose(t.Context()); err != nil || !closes {
		t.Errorf("the session ends with the browser: %v, %v", closes, err)
	}
}

// TestTrustedDevice: a device that the user trusts is asked for no code, until the time is over, the
// password or the app is another one, or the sessions of the user are ended.
func TestTrustedDevice(t *testing.T) {
	trusting := func(c *coatcheck.Config) { c.Logins.TwoFactor.TrustDevices = 30 * 24 * time.Hour }
	for name, end := range map[string]func(t *testing.T, site *coatchecktest.Site, ada *auth.User){
		"nothing": func(*testing.T, *coatchecktest.Site, *auth.User) {},
		"password": func(t *testing.T, site *coatchecktest.Site, ada *auth.User) {
			if err := site.Auth.SetPassword(t.Context(), ada, factorPassword); err != nil { // the same in another hash
				t.Fatal(err)
			}
		},
		"ending": func(t *testing.T, site *coatchecktest.Site, ada *auth.User) {
			if _, err := site.Accounts.EndSessions(t.Context(), ada, nil); err != nil {
				t.Fatal(err)
			}
		},
		"another app": func(t *testing.T, site *coatchecktest.Site, ada *auth.User) {
			if _, err := site.TwoFactor.Remove(t.Context(), ada); err != nil {
				t.Fatal(err)
			}
			c := site.NewClient(site.Handler(site.Views))
			c.ForceLogin(ada)
			addApp(t, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			site, h := factorSite(t, trusting)
			ada, _, p, _ := owner(t, site, h)
			c := toCode(t, site, h)
			got := c.PostJSON("/accounts/login/code/", map[string]any{"code": p.at(30 * time.Second), "trust": true})
			cookie := got.Cookie(twofactor.TrustCookieName)
			if got.Status != http.StatusOK || cookie == nil || !cookie.HttpOnly || cookie.MaxAge != 30*24*60*60 {
				t.Fatalf("%d %s, cookie %v", got.Status, got.Body, cookie)
			}
			c.PostJSON("/accounts/logout/", nil)
			end(t, site, ada)
			got = c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword})
			if want := map[bool]int{true: 200, false: 403}[name == "nothing"]; got.Status != want {
				t.Errorf("the next login: %d %s", got.Status, got.Body)
			}
			if name != "nothing" {
				return
			}
			bob := site.CreateUser("bob", factorPassword) // who trusts nothing
			other := site.NewClient(h)
			other.ForceLogin(bob)
			addApp(t, other)
			c.PostJSON("/accounts/logout/", nil)
			if got := c.PostJSON("/accounts/login/", map[string]string{"username": "bob", "password": factorPassword}); got.Status != http.StatusForbidden {
				t.Errorf("another user: %d", got.Status)
			}
			stranger := site.NewClient(h)
			stranger.Header.Set("Cookie", twofactor.TrustCookieName+"="+cookie.Value[:len(cookie.Value)-2]+"AA")
			if got := stranger.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword}); got.Status != http.StatusForbidden {
				t.Errorf("a forged cookie: %d", got.Status)
			}
		})
	}
	site, h := factorSite(t) // where no device can be trusted
	_, _, p, _ := owner(t, site, h)
	got := toCode(t, site, h).PostJSON("/accounts/login/code/", map[string]any{"code": p.at(30 * time.Second), "trust": true})
	if got.Status != http.StatusOK || got.Cookie(twofactor.TrustCookieName) != nil {
		t.Errorf("without the setting: %d, %v", got.Status, got.Header["Set-Cookie"])
	}
}

// TestRequiredFactor: who has to have an app and has none adds one before anybody is signed in.
func TestRequiredFactor(t *testing.T) {
	site, h := factorSite(t, func(c *coatcheck.Config) { c.Logins.TwoFactor.Require = twofactor.RequireStaff })
	site.CreateUser("bob", factorPassword)
	plain := site.NewClient(h)
	if got := plain.PostJSON("/accounts/login/", map[string]string{"username": "bob", "password": factorPassword}); got.Status != http.StatusOK {
		t.Errorf("a user who is not staff: %d", got.Status)
	}
	ada := site.CreateSuperuser("ada", factorPassword)
	c := site.NewClient(h)
	got := c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword})
	if got.Status != http.StatusForbidden || !strings.Contains(got.Body, `"step":"two_factor_setup","url":"/accounts/login/two_factor/"`) {
		t.Fatalf("the login: %d %s", got.Status, got.Body)
	}
	var o offered
	c.Get("/accounts/login/two_factor/").JSON(&o)
	p := &phone{t: t, secret: strings.ReplaceAll(o.Key, " ", "")}
	if got := c.PostJSON("/accounts/login/two_factor/", map[string]string{"code": "000000"}); got.Status != http.StatusBadRequest || c.Get("/who/").Body != "AnonymousUser" {
		t.Errorf("a wrong code: %d %s", got.Status, got.Body)
	}
	if got := c.PostJSON("/accounts/login/code/", map[string]string{"code": p.at(0)}); got.Status != http.StatusForbidden {
		t.Errorf("the other step: %d %s", got.Status, got.Body)
	}
	got = c.PostJSON("/accounts/login/two_factor/", map[string]string{"code": p.at(0)})
	if got.JSON(&o); got.Status != http.StatusOK || len(o.Codes) != 10 || c.Get("/who/").Body != "ada" {
		t.Fatalf("the code: %d %s", got.Status, got.Body)
	}
	if state, err := site.TwoFactor.State(t.Context(), ada); err != nil || !state.Has() || !state.Required {
		t.Errorf("%+v, %v", state, err)
	}
	next := site.NewClient(h)
	if got := next.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword}); !strings.Contains(got.Body, `"step":"code"`) {
		t.Errorf("the next login: %d %s", got.Status, got.Body)
	}
	if got := next.PostJSON("/accounts/login/two_factor/", map[string]string{"code": p.at(0)}); got.Status != http.StatusForbidden {
		t.Errorf("adding another app in a login that waits for a code: %d %s", got.Status, got.Body)
	}
}

// TestSecondFactorPages: an app is added and removed, and recovery codes are replaced, by the password
// and a code.
func TestSecondFactorPages(t *testing.T) {
	site, h := factorSite(t)
	ada, c, p, codes := owner(t, site, h)
	if got := c.Get("/accounts/two_factor/"); got.Body != `{"app":true,"django_otp":false,"recovery_codes":10,"required":false}`+"\n" {
		t.Errorf("the overview: %d %s", got.Status, got.Body)
	}
	if got := c.Get("/accounts/two_factor/add/"); got.Status != http.StatusConflict {
		t.Errorf("a second app: %d %s", got.Status, got.Body)
	}
	for _, page := range []string{"recovery_codes", "remove"} {
		for name, body := range map[string]map[string]string{
			"no password":    {"code": codes[0]},
			"wrong password": {"code": codes[0], "password": "wrong horse"},
			"no code":        {"password": factorPassword},
			"used code":      {"password": factorPassword, "code": p.at(0)},
		} {
			if got := c.PostJSON("/accounts/two_factor/"+page+"/", body); got.Status != http.StatusBadRequest {
				t.Errorf("%s, %s: %d %s", page, name, got.Status, got.Body)
			}
		}
	}
	var o offered
	got := c.PostJSON("/accounts/two_factor/recovery_codes/", map[string]string{"code": codes[0], "password": factorPassword})
	if got.JSON(&o); got.Status != http.StatusOK || len(o.Codes) != 10 || o.Codes[0] == codes[0] {
		t.Fatalf("new codes: %d %s", got.Status, got.Body)
	}
	if got := sendCode(toCode(t, site, h), codes[1]); got.Status != http.StatusBadRequest {
		t.Errorf("a recovery code that was replaced: %d", got.Status)
	}
	if got := c.PostJSON("/accounts/two_factor/remove/", map[string]string{"code": o.Codes[0], "password": factorPassword}); got.Status != http.StatusOK {
		t.Fatalf("removing: %d %s", got.Status, got.Body)
	}
	if state, err := site.TwoFactor.State(t.Context(), ada); err != nil || state.Has() || state.RecoveryCodes != 0 {
		t.Errorf("%+v, %v", state, err)
	}
	for _, page := range []string{"recovery_codes", "remove"} {
		if got := c.Get("/accounts/two_factor/" + page + "/"); got.Status != http.StatusConflict {
			t.Errorf("%s without an app: %d", page, got.Status)
		}
	}
	login := site.NewClient(h)
	if got := login.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword}); got.Status != http.StatusOK {
		t.Errorf("a login without an app: %d", got.Status)
	}
}

// TestSecondFactorStored: neither the secret nor a recovery code is in the database, and a change of
// the secret key loses none.
func TestSecondFactorStored(t *testing.T) {
	site, h := factorSite(t)
	_, c, p, codes := owner(t, site, h)
	var dump strings.Builder
	for _, query := range []string{"SELECT user_id || secret FROM coatcheck_totp", "SELECT user_id || code_hash FROM coatcheck_recovery"} {
		rows, err := site.Database.Pool().QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			dump.WriteString(text + "\n")
		}
		rows.Close()
	}
	plain := strings.ReplaceAll(codes[0], "-", "")
	if text := dump.String(); strings.Contains(text, p.secret) || strings.Contains(text, plain) || strings.Count(text, "\n") != 11 {
		t.Errorf("stored:\n%s", text)
	}
	row, err := site.Database.SessionByKey(t.Context(), string(c.Session().Key()), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: coatcheck.Keys{Secret: coatchecktest.SecretKey}})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := codec.Decode(row.Data); err != nil || data.Len() < 3 || strings.Contains(data.JSON(), p.secret) {
		t.Errorf("the session: %s, %v", data.JSON(), err)
	}
	rotated, err := coatcheck.New(coatcheck.Config{
		Database: site.Database, Keys: coatcheck.Keys{Secret: strings.Repeat("k", 50), Fallbacks: []string{coatchecktest.SecretKey}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{p.at(30 * time.Second), codes[0]} {
		b := coatchecktest.NewClient(t, rotated, rotated.Handler(rotated.Views))
		b.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": factorPassword})
		if got := sendCode(b, code); got.Status != http.StatusOK {
			t.Errorf("after a change of the key: %d %s", got.Status, got.Body)
		}
	}
}

// TestSecretsOfFactorsDoNotPrint: no verb prints a secret.
func TestSecretsOfFactorsDoNotPrint(t *testing.T) {
	typed, ok := twofactor.Parse("123456")
	if !ok {
		t.Fatal("the code is not read")
	}
	for _, v := range []any{typed, twofactor.Config{Keys: coatcheck.Keys{Secret: "123456"}}, own.TOTP{Secret: "123456"}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, "123456") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
}

// TestAuditOfFactors: what happens to second factors is in the audit log.
func TestAuditOfFactors(t *testing.T) {
	site, h := factorSite(t)
	ada, c, _, codes := owner(t, site, h)
	sendCode(toCode(t, site, h), "000000")
	sendCode(toCode(t, site, h), codes[0])
	var o offered
	c.PostJSON("/accounts/two_factor/recovery_codes/", map[string]string{"code": codes[1], "password": factorPassword}).JSON(&o)
	c.PostJSON("/accounts/two_factor/remove/", map[string]string{"code": o.Codes[0], "password": factorPassword})
	entries, err := site.Accounts.Audit(t.Context(), audit.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(entries) {
		if strings.Contains(e.Event, "factor") || strings.Contains(e.Event, "code") {
			got = append(got, strings.TrimSpace(e.Event+" "+e.Reason))
		}
		for _, secret := range append(codes, o.Codes...) {
			if strings.Contains(fmt.Sprint(e), secret) {
				t.Errorf("a recovery code is in %v", e)
			}
		}
		if e.UserID != ada.ID {
			t.Errorf("%s is about the user %q", e.Event, e.UserID)
		}
	}
	want := []string{
		"factor-added", "code-failed wrong-code", "recovery-code-used", "recovery-code-used", "recovery-codes-replaced",
		"recovery-code-used", "factor-removed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
