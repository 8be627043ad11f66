package inspector_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/mail"
)

// Send keeps an email.
func (o *outbox) Send(_ context.Context, m mail.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.WriteString(m.Text + "\n")
	return nil
}

// look asks the inspector, as a program.
func (c *client) look(query string) (all seen) {
	c.t.Helper()
	a := c.get(inspector.DefaultPath+query, "Accept", "application/json")
	if err := json.Unmarshal([]byte(a.text), &all); err != nil || a.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d %s: %v", query, a.StatusCode, a.text, err)
	}
	return all
}

// TestVerdicts: each request has its way, its verdict and the one reason.
func TestVerdicts(t *testing.T) {
	s := newSite(t, inspector.Config{})
	ada := s.CreateUser("ada", canary)
	b, operator := s.browser(), s.browser()
	want := func(what string, r request) {
		t.Helper()
		got := operator.look("").Requests[0]
		id := got.ID
		if r.User == "" {
			got.User = ""
		}
		got.ID, got.Browser, got.Queries, got.Tour = 0, "", 0, false
		if fmt.Sprint(got) != fmt.Sprint(r) {
			t.Errorf("%s: %+v, want %+v", what, got, r)
		}
		if steps := operator.look(fmt.Sprintf("?open=%d", id)).Open.Steps; !slices.ContainsFunc(steps, func(s step) bool {
			return s.Code == r.Reason
		}) {
			t.Errorf("%s: no step is the reason: %+v", what, steps)
		}
	}
	b.post("/accounts/signup/", "username", "new", "email", "new@example.com", "password", canary)
	want("sign-up", request{Method: "POST", Path: "/accounts/signup/", Status: 302, Verdict: "done", Reason: "signup.done"})
	b.post("/accounts/login/", "username", "ada", "password", "wrong")
	want("wrong password", request{Method: "POST", Path: "/accounts/login/", Status: 200, Verdict: "refused", Reason: "authenticate.failed"})
	b.login("ada")
	want("login", request{Method: "POST", Path: "/accounts/login/", Status: 302, Verdict: "let in", Reason: "login.done", User: ada.ID})
	b.get("/accounts/profile/")
	want("profile", request{Method: "GET", Path: "/accounts/profile/", Status: 200, Verdict: "let in", Reason: "access.let_in", User: ada.ID})
	old := "sessionid=" + b.cookie("sessionid")
	b.get("/")
	want("home", request{Method: "GET", Path: "/", Status: 200, Verdict: "done", Reason: "home.shown", User: ada.ID})
	s.browser().get("/accounts/profile/")
	want("without", request{Method: "GET", Path: "/accounts/profile/", Status: 302, Verdict: "refused", Reason: "session.none"})
	b.post("/accounts/logout/")
	want("logout", request{Method: "POST", Path: "/accounts/logout/", Status: 200, Verdict: "done", Reason: "logout.done", User: ada.ID})
	s.browser().get("/accounts/profile/", "Cookie", old)
	want("old cookie", request{Method: "GET", Path: "/accounts/profile/", Status: 302, Verdict: "refused", Reason: "session.missing"})
	b.login("ada")
	if err := s.Auth.SetPassword(t.Context(), ada, canary+"2"); err != nil {
		t.Fatal(err)
	}
	b.get("/accounts/profile/")
	want("another password", request{Method: "GET", Path: "/accounts/profile/", Status: 302, Verdict: "refused", Reason: "user.hash_mismatch", User: ada.ID})
	b.send(http.MethodPost, "/accounts/login/", "a=b", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	want("other site", request{Method: "POST", Path: "/accounts/login/", Status: 403, Verdict: "refused", Reason: "origin.refused"})
}

// TestOutage: a store that fails is a failure and no refusal.
func TestOutage(t *testing.T) {
	s := newSite(t, inspector.Config{})
	s.CreateUser("ada", canary)
	b := s.browser()
	b.login("ada")
	if err := s.Database.Close(); err != nil {
		t.Fatal(err)
	}
	if a := b.get("/accounts/profile/"); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%d", a.StatusCode)
	}
	if got := s.browser().look("").Requests[0]; got.Verdict != "failed" || got.Reason != "session.failed" || got.Status != 503 {
		t.Errorf("%+v", got)
	}
}

// TestWho: this machine sees the inspector, and superusers do; others see what they see where
// there is nothing.
func TestWho(t *testing.T) {
	s := newSite(t, inspector.Config{}, func(c *coatcheck.Config) { c.Web.TrustedProxies = []string{"127.0.0.1"} })
	closed := newSite(t, inspector.Config{SuperusersOnly: true})
	for _, s := range []*site{s, closed} {
		s.CreateUser("ada", canary)
		s.CreateSuperuser("root", canary)
	}
	clients := func(s *site) map[string]*client {
		all := map[string]*client{"nobody": s.browser(), "ada": s.browser(), "root": s.browser()}
		all["ada"].login("ada")
		all["root"].login("root")
		return all
	}
	host := strings.TrimPrefix(s.server.URL, "http://")
	for _, test := range []struct {
		name   string
		site   *site
		header []string
		sees   string // who does
	}{
		{"this machine", s, nil, "nobody ada root"},
		{"by name", s, []string{"Host", "localhost:80"}, "nobody ada root"},
		{"by a name below", s, []string{"Host", "a.localhost"}, "nobody ada root"},
		{"by its IPv6 address", s, []string{"Host", "[::1]:80"}, "nobody ada root"},
		{"superusers alone", closed, nil, "root"},
		{"a name that leads here (DNS rebinding)", s, []string{"Host", "evil.example"}, "root"},
		{"such a name with our port", s, []string{"Host", "127.0.0.1.evil.example" + host[strings.LastIndex(host, ":"):]}, "root"},
		{"a name that is none", s, []string{"Host", "localhost.evil.example"}, "root"},
		{"by a proxy", s, []string{"X-Forwarded-For", "203.0.113.9"}, "root"},
		{"by a proxy, from this machine", s, []string{"X-Forwarded-For", "127.0.0.1"}, "root"},
		{"by a proxy that tells the host", s, []string{"X-Forwarded-Host", "localhost"}, "root"},
		{"by a proxy of another kind", s, []string{"Forwarded", "for=127.0.0.1"}, "root"},
		{"by nginx", s, []string{"X-Real-Ip", "127.0.0.1"}, "root"},
		{"by a cache", s, []string{"Via", "1.1 cache"}, "root"},
	} {
		for who, c := range clients(test.site) {
			for _, path := range []string{"", "style.css", "script.js", "?open=1"} {
				// The browser of a superuser has a cookie for each name that leads to the site.
				cookie := "sessionid=" + c.cookie("sessionid")
				a := c.get(inspector.DefaultPath+path, append([]string{"Cookie", cookie}, test.header...)...)
				if in := strings.Contains(test.sees, who); in != (a.StatusCode == http.StatusOK) || !in && a.StatusCode != http.StatusNotFound {
					t.Errorf("%s, %s, %q: %d", test.name, who, path, a.StatusCode)
				}
				if !strings.Contains(test.sees, who) && (strings.Contains(a.text, "Inspector") || !strings.Contains(a.text, "There is nothing at this address.")) {
					t.Errorf("%s, %s: the refusal says %s", test.name, who, a.text)
				}
			}
			for _, path := range []string{"events", "tour/without", "tour/old-cookie"} {
				if strings.Contains(test.sees, who) {
					continue // they lead to the page
				}
				// HEAD, since events go on.
				if a := c.send(http.MethodHead, inspector.DefaultPath+path, "", test.header...); a.StatusCode != http.StatusNotFound {
					t.Errorf("%s, %s, %s: %d", test.name, who, path, a.StatusCode)
				}
			}
		}
	}
}

// TestOtherMachines: who comes by the network, or by a socket that a proxy may have, is not on this
// machine, whatever the host is called.
func TestOtherMachines(t *testing.T) {
	s := newSite(t, inspector.Config{})
	s.CreateSuperuser("root", canary)
	root := s.browser()
	root.login("root")
	places := map[string]string{"unix": filepath.Join(t.TempDir(), "s")}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		if n, ok := address.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			places["tcp"] = net.JoinHostPort(n.IP.String(), "0")
		}
	}
	for network, place := range places {
		listener, err := net.Listen(network, place)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: s.server.Config.Handler}
		go server.Serve(listener)
		t.Cleanup(func() { server.Close() })
		client := http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial(network, listener.Addr().String())
		}}}
		for cookie, want := range map[string]int{"": http.StatusNotFound, "sessionid=" + root.cookie("sessionid"): http.StatusOK} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+inspector.DefaultPath, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Cookie", cookie)
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("by %s, with the cookie %.9s: %d, want %d", network, cookie, response.StatusCode, want)
			}
		}
	}
}

// TestOldProxy: a proxy that says nothing but speaks HTTP/1.0 is no browser of this machine.
func TestOldProxy(t *testing.T) {
	s := newSite(t, inspector.Config{})
	for version, want := range map[string]string{"1.0": "404", "1.1": "200"} {
		answer := s.raw("GET " + inspector.DefaultPath + " HTTP/" + version + "\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		if got := strings.Fields(answer + " nothing nothing")[1]; got != want {
			t.Errorf("HTTP/%s: %s, want %s", version, got, want)
		}
	}
}

// TestHeaders: the page has a strict policy, is kept by no cache, and is only looked at.
func TestHeaders(t *testing.T) {
	s := newSite(t, inspector.Config{})
	c := s.browser()
	a := c.get(inspector.DefaultPath)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=utf-8",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if cache := a.Header.Get("Cache-Control"); !strings.Contains(cache, "no-store") {
		t.Errorf("Cache-Control: %q", cache)
	}
	for _, inline := range []string{"<style", " style=", " onclick=", "<script>"} {
		if strings.Contains(a.text, inline) {
			t.Errorf("the page has %s", inline)
		}
	}
	if a := c.post(inspector.DefaultPath, "a", "b"); a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", a.StatusCode, a.Header)
	}
	if a := c.get(strings.TrimSuffix(inspector.DefaultPath, "/")); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != inspector.DefaultPath {
		t.Errorf("without a slash: %d %v", a.StatusCode, a.Header)
	}
	if n := len(c.look("").Requests); n != 0 {
		t.Errorf("%d requests of the inspector itself are recorded", n)
	}
}

// TestBounds: 200 requests are kept, the newest, with texts of a bounded length.
func TestBounds(t *testing.T) {
	s := newSite(t, inspector.Config{})
	c := s.browser()
	for n := range 205 {
		c.get(fmt.Sprintf("/public/?n=%d", n))
	}
	c.get("/" + strings.Repeat("word/", 400))
	all := c.look("").Requests
	if len(all) != 200 || all[0].ID != 206 || all[199].ID != 7 || len(all[0].Path) > 310 {
		t.Errorf("%d requests, from %d to %d", len(all), all[0].ID, all[len(all)-1].ID)
	}
	if a := c.get(inspector.DefaultPath + "?open=3"); !strings.Contains(a.text, "is not kept any more") || c.look("?open=3").Open.ID != 0 {
		t.Error("a request that is gone is not told of")
	}
	if a := c.get(inspector.DefaultPath + "?open=206&with=9"); !strings.Contains(a.text, "side by side") {
		t.Error("two requests are not side by side")
	}
}

// TestFilters: by user, path, code and browser.
func TestFilters(t *testing.T) {
	s := newSite(t, inspector.Config{})
	ada, bob := s.CreateUser("ada", canary), s.CreateUser("bob", canary)
	a, b, operator := s.browser(), s.browser(), s.browser()
	a.login("ada")
	b.login("bob")
	a.get("/accounts/profile/")
	b.get("/accounts/profile/")
	b.get("/public/")
	all := operator.look("").Requests
	names := map[string]bool{}
	for _, r := range all {
		names[r.Browser] = true
	}
	if len(names) != 2 {
		t.Fatalf("the browsers have the names %v", names)
	}
	for query, want := range map[string]int{
		"": 5, "?user=" + ada.ID: 2, "?user=" + bob.ID: 2, "?user=99": 0, "?path=PROFILE": 2, "?code=login.done": 2, "?code=session": 4,
		"?code=database": 4, "?browser=" + all[0].Browser: 3, "?browser=" + all[1].Browser + "&path=/public/": 1, "?browser=none": 0,
	} {
		if got := len(operator.look(query).Requests); got != want {
			t.Errorf("%q: %d requests, want %d", query, got, want)
		}
	}
}

// TestFollow: a browser has one name from its login on, whatever its session's key; and cookies
// in no order.
func TestFollow(t *testing.T) {
	s := newSite(t, inspector.Config{})
	s.CreateUser("ada", canary)
	b, operator := s.browser(), s.browser()
	b.login("ada")
	b.get("/accounts/profile/")
	old := "sessionid=" + b.cookie("sessionid")
	b.post("/accounts/password_change/", "old_password", canary, "new_password1", "another-0452-canary", "new_password2", "another-0452-canary")
	b.get("/accounts/profile/")
	b.post("/accounts/logout/")
	b.get("/accounts/login/")
	s.browser().get("/accounts/profile/", "Cookie", old)
	all := operator.look("").Requests
	if len(all) != 7 {
		t.Fatalf("%d requests", len(all))
	}
	for _, r := range all[1:] {
		if r.Browser != all[0].Browser || len(r.Browser) != 6 {
			t.Errorf("%s %s of the browser %s, and then of %s", r.Method, r.Path, r.Browser, all[0].Browser)
		}
	}
}

// TestPart: two requests are put side by side, and part at the step that makes the difference.
func TestPart(t *testing.T) {
	s := newSite(t, inspector.Config{})
	s.CreateUser("ada", canary)
	b, operator := s.browser(), s.browser()
	b.login("ada") // 1
	old := "sessionid=" + b.cookie("sessionid")
	b.get("/accounts/profile/")                          // 2
	b.get("/accounts/profile/")                          // 3, with a statement less
	s.browser().get("/accounts/profile/")                // 4
	b.post("/accounts/logout/")                          // 5
	s.browser().get("/accounts/profile/", "Cookie", old) // 6
	for ids, want := range map[[2]int][2]string{
		{2, 6}: {"session.loaded", "session.missing"},
		{2, 4}: {"cookie.read", "cookie.read"},
		{2, 3}: {},
		{2, 2}: {},
	} {
		all := operator.look(fmt.Sprintf("?open=%d&with=%d", ids[0], ids[1]))
		got := [2]string{}
		if len(all.PartAt) == 2 {
			got = [2]string{all.Open.Steps[all.PartAt[0]].Code, all.With.Steps[all.PartAt[1]].Code}
		}
		if got != want {
			t.Errorf("%v part at %v, want %v", ids, got, want)
		}
	}
	for query, want := range map[string][]string{
		"?open=2&with=6": {"The first step is the same. Then they part:", "Here they part", "session loaded", "no such session"},
		"?open=2&with=4": {"They part at the first step:"},
		"?open=2&with=3": {"Both do the same, step by step."},
	} {
		text := operator.get(inspector.DefaultPath + query).text
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not say %q", query, part)
			}
		}
	}
}

// TestHostile: what a client or a program sends stays text on the page, and short; tokens in it are
// shortened, and the codes of a program are steps of the view.
func TestHostile(t *testing.T) {
	s := newSite(t, inspector.Config{})
	const token = "mpjs55keeefwxi0sxvqesc3u31bm63f0"
	const mark = "<img src=x onerror=alert(1)>"
	program := httptest.NewServer(s.inspector.Record(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		flow.Emit(r.Context(), "shop.paid", slog.String("by", mark), slog.String("key", token), slog.String("long", strings.Repeat("é ", 500)))
	})))
	t.Cleanup(program.Close)
	response, err := http.Get(program.URL + "/" + url.PathEscape(mark))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	c := s.browser()
	text := c.get(inspector.DefaultPath + "?open=1&path=" + url.QueryEscape(`"><img`)).text
	text += s.follow(s.server.URL, "", "").next("request")
	if strings.Contains(text, "<img") || strings.Contains(text, token) {
		t.Errorf("the page has %s", text)
	}
	got := c.look("?open=1").Open
	if len(got.Steps) != 1 || got.Steps[0].Station != "view" || got.Steps[0].Code != "shop.paid" || got.Reason != "shop.paid" {
		t.Fatalf("%+v", got)
	}
	for _, f := range got.Steps[0].Facts {
		if want := map[string]string{"by": mark, "key": "mpjs…", "long": strings.Repeat("é ", 100) + "…"}[f.Name]; f.Value != want {
			t.Errorf("%s is %q, want %q", f.Name, f.Value, want)
		}
	}
}

// TestConfig: what cannot work is refused.
func TestConfig(t *testing.T) {
	if _, err := inspector.New(inspector.Config{}); err == nil || !strings.Contains(err.Error(), "set Config.Kit") {
		t.Error(err)
	}
	kit := newSite(t, inspector.Config{}).Views.Kit
	for _, path := range []string{"/", "inspect/", "/inspect", "//", "/{id}/", "/a?b/"} {
		if _, err := inspector.New(inspector.Config{Kit: kit, Path: path}); err == nil || !strings.Contains(err.Error(), "Config.Path") {
			t.Errorf("%q: %v", path, err)
		}
	}
}
