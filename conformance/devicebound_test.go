package conformance_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/devicebound"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/softdevice"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// bound is a browser that speaks HTTPS with Coatcheck, and shows the same cookies to a Django.
type bound struct {
	*softdevice.Device
	t       *testing.T
	p       pair
	cookies map[string]string
}

// send sends a request with the named cookies, and takes those of the response.
func (b *bound) send(method, url, body string, names []string, headers ...string) (*http.Response, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, url, strings.NewReader(body))
	must(b.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("X-Forwarded-Proto", "https")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	for _, name := range names {
		request.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
	}
	got, err := http.DefaultTransport.RoundTrip(request)
	must(b.t, err)
	defer got.Body.Close() //nolint:errcheck // it is read
	text, err := io.ReadAll(got.Body)
	must(b.t, err)
	for _, c := range got.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return got, string(text)
}

// who returns the user that a side sees, or "".
func (b *bound) who(s side, names ...string) string {
	b.t.Helper()
	_, text := b.send(http.MethodGet, s.URL("/twin/whoami/"), "", names)
	var said struct {
		User            string `json:"user"`
		IsAuthenticated bool   `json:"is_authenticated"`
	}
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		b.t.Fatalf("%v: %s", err, text)
	}
	if !said.IsAuthenticated {
		return ""
	}
	return said.User
}

const deviceCookie = devicebound.CookieName

// bind logs in at Coatcheck and binds the session.
func (b *bound) bind(user fields) {
	b.t.Helper()
	body, err := json.Marshal(user)
	must(b.t, err)
	got, _ := b.send(http.MethodPost, b.p.own.URL("/accounts/login/"), string(body), nil)
	offered, err := softdevice.ReadRegistration(got.Header.Get("Secure-Session-Registration"))
	must(b.t, err)
	proof, err := b.Register(offered)
	must(b.t, err)
	got, text := b.send(http.MethodPost, b.p.own.URL(offered.Path), "", []string{"sessionid"}, "Secure-Session-Response", proof)
	if got.StatusCode != http.StatusOK {
		b.t.Fatalf("register: %d %s", got.StatusCode, text)
	}
	b.ID = offered.Authorization
	must(b.t, b.Take(got.Header.Get("Secure-Session-Challenge")))
}

// refresh proves the key, which must be good.
func (b *bound) refresh() {
	b.t.Helper()
	proof, err := b.Prove()
	must(b.t, err)
	got, text := b.send(http.MethodPost, b.p.own.URL("/accounts/device/refresh/"), "", []string{"sessionid"},
		"Sec-Secure-Session-Id", b.ID, "Secure-Session-Response", proof)
	if got.StatusCode != http.StatusOK || !strings.Contains(text, b.ID) {
		b.t.Fatalf("refresh: %d %s", got.StatusCode, text)
	}
	must(b.t, b.Take(got.Header.Get("Secure-Session-Challenge")))
}

// TestDeviceBound runs docs/coatcheck_device.py in a live Django: a session that Coatcheck has bound
// signs in nobody there without the cookie of the device, which Coatcheck renews. A session that
// Django saves stays bound, and a login there from another device ends the copy.
func TestDeviceBound(t *testing.T) {
	t.Parallel()
	const life = 4 * time.Second
	eachDjango(t, func(t *testing.T, version string) {
		db := testenv.Databases(t)[0]
		own := newOwnWith(t, db, database.UserModel{}, func(c *coatcheck.Config) {
			c.Web.TrustedProxies = []string{"127.0.0.1"}
			c.Views.Extras = append(c.Views.Extras, devicebound.New(devicebound.Options{Life: life}))
		})
		p := pair{own: own, django: newTwin(t, version, db, "DEVICE=1"), db: db}
		p.django.Start()
		user := account("ada")
		newBrowser(t).post(own.URL("/accounts/signup/"), user)
		key, err := softdevice.New(0)
		must(t, err)
		b := &bound{key, t, p, map[string]string{}}
		want := func(what, who string, s side, names ...string) {
			t.Helper()
			if got := b.who(s, names...); got != who {
				t.Errorf("%s: %q, want %q", what, got, who)
			}
		}
		b.bind(user)
		name := b.who(own, "sessionid")
		if name == "" {
			t.Fatal("nobody is signed in")
		}
		want("bound just now, in Django", name, p.django, "sessionid")
		time.Sleep(life + 3*time.Second)
		for _, s := range []side{own, p.django} {
			want("the session alone", "", s, "sessionid")
			want("with a cookie that is over", "", s, "sessionid", deviceCookie)
		}
		b.refresh()
		for _, s := range []side{own, p.django} {
			want("after a proof", name, s, "sessionid", deviceCookie)
			want("still without the cookie", "", s, "sessionid")
		}
		b.send(http.MethodPost, p.django.URL("/twin/session/"), `{"key":"colour","value":"green"}`, []string{"sessionid", deviceCookie})
		b.refresh()
		want("after Django saved the session", name, p.django, "sessionid", deviceCookie)
		want("likewise, without the cookie", "", own, "sessionid")

		stolen := b.cookies["sessionid"]
		body, err := json.Marshal(user)
		must(t, err)
		got, text := b.send(http.MethodPost, p.django.URL("/accounts/login/"), string(body), []string{"sessionid"})
		if got.StatusCode != http.StatusOK || b.cookies["sessionid"] == stolen {
			t.Errorf("a login in Django: %d %s", got.StatusCode, text)
		}
		for _, s := range []side{own, p.django} {
			want("after a login in Django", name, s, "sessionid")
		}
		b.cookies["sessionid"] = stolen
		for _, s := range []side{own, p.django} {
			want("the old session", "", s, "sessionid", deviceCookie)
		}
	})
}
