package devicebound_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/devicebound"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/softdevice"
)

const subject = "Your session on The Shop was used on another device"

// pastLife is longer than the cookie of a device is valid.
const pastLife = devicebound.DefaultLife + 2*time.Minute

// TestBind: after a login the browser registers a key, and has to show it from then on.
func TestBind(t *testing.T) {
	for name, bits := range map[string]int{"ES256": 0, "RS256": 2048} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.CreateUser("ada", canary)
			b := r.bind("ada", bits)
			b.wantIn("bound just now", true)
			b.forget()
			b.wantIn("a request that was on its way", true)
			r.clock.move(pastLife)
			b.wantIn("without the cookie of the device", false)
			if got := b.ask(); got.StatusCode != http.StatusForbidden || b.Take(got.Header.Get("Secure-Session-Challenge")) != nil {
				t.Errorf("without a proof: %d %v", got.StatusCode, got.Header)
			}
			if got := b.prove(); got.StatusCode != http.StatusOK {
				t.Errorf("a proof: %d", got.StatusCode)
			}
			b.wantIn("after a proof", true)
			r.clock.move(pastLife)
			b.wantIn("with a cookie that is over", false)
			b.prove()
			b.wantIn("after another proof", true)
		})
	}
}

// TestDescription: what the browser is told of its session, and the cookie that goes with it.
func TestDescription(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.browser(0)
	offer := b.login("ada")
	offered, err := softdevice.ReadRegistration(offer)
	if err != nil || !strings.HasPrefix(offer, `(ES256 RS256);path="/accounts/device/register/";challenge="`) {
		t.Fatalf("%q: %v", offer, err)
	}
	proof, err := b.Register(offered)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.base+offered.Path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Secure-Session-Response", `"`+proof+`"`)
	got, err := b.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"session_identifier":"` + offered.Authorization + `","refresh_url":"/accounts/device/refresh/",` +
		`"scope":{"origin":"` + b.base + `","include_site":false,"scope_specification":[]},` +
		`"credentials":[{"type":"cookie","name":"__Host-coatcheck_device","attributes":"Path=/; Secure; HttpOnly; SameSite=Lax"}]}` + "\n"
	if string(text) != want {
		t.Errorf("%s", text)
	}
	cookie := ""
	for _, line := range got.Header.Values("Set-Cookie") {
		if strings.HasPrefix(line, devicebound.CookieName+"=") {
			cookie = line
		}
	}
	for _, attribute := range []string{"Max-Age=600", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, "; "+attribute) {
			t.Errorf("the cookie lacks %s: %s", attribute, cookie)
		}
	}
	if strings.Contains(cookie, "Domain") {
		t.Error(cookie)
	}
}

// TestStolen: a copied session is worth nothing once the cookie of the device is over. The user
// is told once, and goes on.
func TestStolen(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		b := r.bind("ada", 0)
		alone, both := b.thief("sessionid"), b.thief("sessionid", devicebound.CookieName)
		alone.wantIn("the session alone, within the bound", true)
		r.clock.move(pastLife)
		if got := b.prove(); got.StatusCode != http.StatusOK {
			t.Fatal(got.StatusCode)
		}
		for range 3 {
			alone.wantIn("the session alone", false)
			both.wantIn("with a cookie that is over", false)
		}
		if got := both.ask(); got.StatusCode != http.StatusForbidden {
			t.Errorf("a refresh without the key: %d", got.StatusCode)
		}
		b.wantIn("the user", true)
		if n := r.events("device-unbound"); n != 1 {
			t.Errorf("%d events", n)
		}
		if n := r.emails(subject); n != 1 {
			t.Errorf("%d emails", n)
		}
	})
}

// TestKeyLost: a user whose browser has lost the key logs in again, to another session.
func TestKeyLost(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.bind("ada", 0)
	thief, before := b.thief("sessionid"), b.cookie("sessionid")
	b.forget()
	r.clock.move(pastLife)
	b.wantIn("without the key", false)
	again := &browser{nil, t, b.client, b.base}
	again.Device, _ = softdevice.New(0)
	if got := again.register(again.login("ada")); got.StatusCode != http.StatusOK || again.cookie("sessionid") == before {
		t.Errorf("the login: %d, and the session has another key: %v", got.StatusCode, again.cookie("sessionid") != before)
	}
	again.wantIn("after another login", true)
	thief.wantIn("with the old session", false)
	if got := b.prove(); got.StatusCode != http.StatusOK {
		t.Errorf("the old binding: %d", got.StatusCode)
	}
	again.wantIn("after the browser forgot the old binding", true)
}

// TestStillBound: a login in a session that is bound, and shown, keeps the session and its binding.
func TestStillBound(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.bind("ada", 0)
	before := b.cookie("sessionid")
	if offer := b.login("ada"); offer != "" || b.cookie("sessionid") != before {
		t.Errorf("another login offers %q", offer)
	}
	r.clock.move(pastLife)
	b.wantIn("without a proof", false)
	b.prove()
	b.wantIn("after a proof", true)
}

// TestOtherKey: the binding stays with a session that gets another key.
func TestOtherKey(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.bind("ada", 0)
	before := b.cookie("sessionid")
	got := b.send(http.MethodPost, "/accounts/password_change/",
		`{"old_password":"`+canary+`","new_password1":"quite-another-0452","new_password2":"quite-another-0452"}`)
	if got.StatusCode != http.StatusOK || b.cookie("sessionid") == before {
		t.Fatalf("%d, and the key is another: %v", got.StatusCode, b.cookie("sessionid") != before)
	}
	b.wantIn("after the change", true)
	r.clock.move(pastLife)
	b.wantIn("without a proof", false)
	b.prove()
	b.wantIn("after a proof", true)
}

// TestEnded: the browser of a session that is over, or of another one, is told to forget the binding.
func TestEnded(t *testing.T) {
	r := newRig(t)
	user := r.CreateUser("ada", canary)
	b, other := r.bind("ada", 0), r.bind("ada", 0)
	forgets := func(what string, b *browser) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.base+refreshURL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Sec-Secure-Session-Id", `"`+b.ID+`"`)
		got, err := b.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close() //nolint:errcheck // it was read
		var said map[string]bool
		if err := json.NewDecoder(got.Body).Decode(&said); err != nil || got.StatusCode != 200 || len(said) != 1 || said["continue"] {
			t.Errorf("%s: %d %v %v", what, got.StatusCode, said, err)
		}
	}
	mixed := &browser{&softdevice.Device{ID: b.ID}, t, other.client, other.base}
	forgets("the binding of another session", mixed)
	b.send(http.MethodPost, "/accounts/logout/", "")
	forgets("after a logout", b)
	if _, err := r.Accounts.EndOtherSessions(t.Context(), user, ""); err != nil {
		t.Fatal(err)
	}
	forgets("after all sessions were ended", other)
}

// TestOffline: a browser that was away for longer than its challenge is valid gets another one.
func TestOffline(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.bind("ada", 0)
	r.clock.move(30 * time.Hour)
	proof, err := b.Prove()
	if err != nil {
		t.Fatal(err)
	}
	got := b.send(http.MethodPost, refreshURL, "", "Sec-Secure-Session-Id", b.ID, "Secure-Session-Response", proof)
	if got.StatusCode != http.StatusForbidden || got.Header.Get("Secure-Session-Challenge") == "" {
		t.Errorf("an old challenge: %d", got.StatusCode)
	}
	if got := b.prove(); got.StatusCode != http.StatusOK {
		t.Errorf("the next one: %d", got.StatusCode)
	}
	b.wantIn("after a proof", true)
}

// TestOnce: of 64 that come with one challenge at once, one succeeds.
func TestOnce(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		r.CreateUser("ada", canary)
		b := r.browser(0)
		offered, err := softdevice.ReadRegistration(b.login("ada"))
		if err != nil {
			t.Fatal(err)
		}
		atOnce := func(path string, status int, headers ...string) {
			t.Helper()
			var all sync.WaitGroup
			var good, rest atomic.Int32
			for range 64 {
				all.Go(func() {
					switch got, err := b.try(http.MethodPost, path, "", headers...); {
					case err != nil:
						t.Error(err)
					case got.StatusCode == http.StatusOK:
						good.Add(1)
					case got.StatusCode == status:
						rest.Add(1)
					}
				})
			}
			all.Wait()
			if good.Load() != 1 || rest.Load() != 63 {
				t.Errorf("%s: %d succeed, and %d get %d", path, good.Load(), rest.Load(), status)
			}
		}
		proof, err := b.Register(offered)
		if err != nil {
			t.Fatal(err)
		}
		atOnce(offered.Path, http.StatusBadRequest, "Secure-Session-Response", proof)
		b.ID = offered.Authorization
		if err := b.Take(b.ask().Header.Get("Secure-Session-Challenge")); err != nil {
			t.Fatal(err)
		}
		if proof, err = b.Prove(); err != nil {
			t.Fatal(err)
		}
		atOnce(refreshURL, http.StatusForbidden, "Sec-Secure-Session-Id", b.ID, "Secure-Session-Response", proof)
		r.clock.move(pastLife)
		b.prove()
		b.wantIn("after all that", true)
	})
}

// TestLoad: 1,000 refreshes of 20 sessions at once lose none.
func TestLoad(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	var all sync.WaitGroup
	for range 20 {
		b := r.bind("ada", 0)
		all.Go(func() {
			for range 50 {
				b.forget()
				if got := b.prove(); got.StatusCode != http.StatusOK || b.cookie(devicebound.CookieName) == "" {
					t.Errorf("a refresh: %d", got.StatusCode)
				}
			}
			b.wantIn("after 50 refreshes", true)
		})
	}
	all.Wait()
	if n := r.events("device-unbound"); n != 0 {
		t.Errorf("%d sessions were used without their device", n)
	}
}

// TestRotation: sessions stay bound, and valid, when the secret key changes.
func TestRotation(t *testing.T) {
	var former string
	r := newRig(t, func(c *coatcheck.Config) { former = c.Keys.Secret })
	r.CreateUser("ada", canary)
	b := r.bind("ada", 0)
	turned := coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Database, c.Keys.Secret, c.Keys.Fallbacks = r.Database, strings.Repeat("another key ", 5), []string{former}
		r.extra(c)
	})
	r.server.Config.Handler = turned.Handler(turned.Views)
	b.wantIn("with the cookie of the former key", true)
	r.clock.move(pastLife)
	b.wantIn("without a proof", false)
	b.prove()
	b.wantIn("after a proof", true)
}

// TestTokens: browsers prove their key without the token of a form, where Django's are asked for.
func TestTokens(t *testing.T) {
	r := newRig(t, func(c *coatcheck.Config) { c.Web.Guard = coatcheck.GuardBoth })
	user := r.CreateUser("ada", canary)
	b := r.browser(0)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /enter", func(w http.ResponseWriter, q *http.Request) {
		if err := r.Auth.Login(q, user); err != nil {
			t.Error(err)
		}
	})
	mux.Handle("/", r.Views)
	r.server.Config.Handler = r.Handler(mux)
	got := b.register(b.send(http.MethodGet, "/enter", "").Header.Get("Secure-Session-Registration"))
	if got.StatusCode != http.StatusOK {
		t.Fatalf("register: %d", got.StatusCode)
	}
	if got := b.prove(); got.StatusCode != http.StatusOK {
		t.Errorf("refresh: %d", got.StatusCode)
	}
	if got := b.send(http.MethodPost, "/accounts/logout/", ""); got.StatusCode != http.StatusForbidden {
		t.Errorf("a logout without a token: %d", got.StatusCode)
	}
}

// TestNotOffered: without HTTPS, and where the cookie of sessions goes to other hosts too, nothing
// is offered, and sessions are as they were.
func TestNotOffered(t *testing.T) {
	plain := newRig(t)
	plain.CreateUser("ada", canary)
	c := plain.NewClient(plain.Handler(plain.Views))
	got := c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": canary})
	if got.Status != http.StatusOK || got.Header.Get("Secure-Session-Registration") != "" {
		t.Errorf("over http: %d %v", got.Status, got.Header)
	}
	shared := newRig(t, func(c *coatcheck.Config) { c.Sessions.CookieDomain = "example.com" })
	if shared.Views.Route("device_register").Name != "" {
		t.Error("sessions that several hosts share are bound to the device of one")
	}
	r := newRig(t)
	r.CreateUser("ada", canary)
	b := r.browser(0)
	b.login("ada")
	r.clock.move(1000 * time.Hour)
	b.wantIn("a browser that does not know the protocol", true)
}

// TestOptions: what cannot work is refused with the name of the flag.
func TestOptions(t *testing.T) {
	for _, life := range []time.Duration{-time.Second, time.Millisecond, 25 * time.Hour} {
		if _, err := devicebound.New(devicebound.Options{Life: life})(nil, nil); err == nil || !strings.Contains(err.Error(), "--device-bound") {
			t.Errorf("%v: %v", life, err)
		}
	}
}

// TestOpenAPI: the document of the site has the addresses, and each route is in it.
func TestOpenAPI(t *testing.T) {
	r := newRig(t)
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	r.NewClient(r.Handler(r.Views)).Get("/accounts/openapi.json").JSON(&document)
	for _, name := range []string{"device_register", "device_refresh"} {
		if document.Paths[r.Views.Route(name).Pattern]["post"] == nil {
			t.Errorf("%s is not described", name)
		}
	}
}
