package passkeys_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/softkey"
)

const (
	canary   = "canary-tweets-0451"
	listURL  = "/accounts/passkeys/"
	addURL   = listURL + "add/"
	loginURL = listURL + "login/"
)

// rig is a site with passkeys and email.
type rig struct {
	*coatchecktest.Site
	t      testing.TB
	outbox *featuretest.Outbox
}

func newRig(t testing.TB, changes ...func(*coatcheck.Config)) *rig {
	t.Helper()
	r := &rig{t: t, outbox: &featuretest.Outbox{}}
	r.Site = coatchecktest.NewSite(t, append([]func(*coatcheck.Config){func(c *coatcheck.Config) {
		r.outbox.Configure(c)
		c.Views.Extras = append(c.Views.Extras, passkeys.New(passkeys.Options{}))
	}}, changes...)...)
	return r
}

// engines runs a test on every database.
func engines(t *testing.T, test func(t *testing.T, r *rig), changes ...func(*coatcheck.Config)) {
	t.Helper()
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		test(t, newRig(t, append(slices.Clone(changes), change)...))
	})
}

// browser is a client at localhost, since passkeys need a name.
type browser struct {
	*coatchecktest.Client
	r *rig
}

func (r *rig) browser() *browser {
	r.t.Helper()
	c := r.NewClient(r.Handler(r.Views))
	c.URL.Host = "localhost:" + c.URL.Port()
	c.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36")
	return &browser{c, r}
}

func (b *browser) origin() string { return b.URL.Scheme + "://" + b.URL.Host }

// login logs in by the password.
func (b *browser) login(name string) {
	b.r.t.Helper()
	got := b.PostJSON("/accounts/login/", map[string]string{"username": name, "password": canary})
	if got.Status != http.StatusOK {
		b.r.t.Fatalf("login: %d %s", got.Status, got.Body)
	}
}

// made sends a new passkey, as a program does, after the key was bent.
func (b *browser) made(name string, bend func(*softkey.Key)) (*softkey.Key, *coatchecktest.Response) {
	b.r.t.Helper()
	k := &softkey.Key{}
	if bend != nil {
		bend(k)
	}
	response, state := b.created(k)
	return k, b.PostJSON(addURL, map[string]string{"name": name, "credential": response, "state": state})
}

// created creates a passkey for what the site offers.
func (b *browser) created(k *softkey.Key) (response, state string) {
	b.r.t.Helper()
	offered := b.Get(addURL)
	if offered.Status != http.StatusOK {
		b.r.t.Fatalf("no options: %d %s", offered.Status, offered.Body)
	}
	origin := b.origin()
	if k.Origin != "" {
		origin = k.Origin
	}
	response, state, err := k.Create([]byte(offered.Body), origin)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return response, state
}

// add adds a passkey.
func (b *browser) add(name string) *softkey.Key {
	b.r.t.Helper()
	k, got := b.made(name, nil)
	if got.Status != http.StatusOK {
		b.r.t.Fatalf("add: %d %s", got.Status, got.Body)
	}
	return k
}

// signed returns the response of a key to what the site offers for a login.
func (b *browser) signed(k *softkey.Key) map[string]string {
	b.r.t.Helper()
	offered := b.Get(loginURL)
	if offered.Status != http.StatusOK {
		b.r.t.Fatalf("no options: %d %s", offered.Status, offered.Body)
	}
	response, state, err := k.Get([]byte(offered.Body))
	if err != nil {
		b.r.t.Fatal(err)
	}
	return map[string]string{"credential": response, "state": state}
}

// signIn signs in by a key, whose origin is that of the browser then.
func (b *browser) signIn(k *softkey.Key) *coatchecktest.Response {
	b.r.t.Helper()
	k.Origin = b.origin()
	return b.PostJSON(loginURL, b.signed(k))
}

// user returns the ID of the user who is signed in, or "".
func (b *browser) user() string {
	b.r.t.Helper()
	got := b.Get("/accounts/profile/")
	if got.Status != http.StatusOK {
		return ""
	}
	var profile struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	got.JSON(&profile)
	return profile.User.ID
}

// ids lists the passkeys of the user who is signed in.
func (b *browser) ids() (ids []string) {
	b.r.t.Helper()
	var all struct {
		Passkeys []struct {
			ID string `json:"id"`
		} `json:"passkeys"`
	}
	b.Get(listURL).JSON(&all)
	for _, p := range all.Passkeys {
		ids = append(ids, p.ID)
	}
	return ids
}

// wantAudit wants events in the audit log, the oldest first, after the sign-up and the first login.
func (r *rig) wantAudit(want ...string) {
	r.t.Helper()
	entries, err := r.Accounts.Audit(r.t.Context(), audit.Filter{})
	if err != nil {
		r.t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(entries) {
		got = append(got, e.Event)
	}
	if !slices.Equal(got, append([]string{"account-created", "login"}, want...)) {
		r.t.Errorf("audit log: %q", got)
	}
}

// emails sends the emails that wait, and returns their subjects since the last call.
func (r *rig) emails() []string {
	r.t.Helper()
	return r.outbox.Emails(r.t, r.Site)
}

// html asks as a browser does.
func (b *browser) html() *browser {
	c := *b.Client
	c.Header = b.Header.Clone()
	c.Header.Set("Accept", "text/html")
	return &browser{&c, b.r}
}

func (b *browser) post(path string, pairs ...string) *coatchecktest.Response {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.Post(path, form)
}
