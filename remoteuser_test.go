package coatcheck_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/middleware"
)

// TestRemoteUser: the site believes the web servers that it is told of, and
// without the setting nobody.
func TestRemoteUser(t *testing.T) {
	for name, tt := range map[string]struct {
		remote  *middleware.RemoteUserConfig
		proxies []string
		want    string
	}{
		"off":               {nil, []string{"127.0.0.1"}, "AnonymousUser"},
		"on":                {&middleware.RemoteUserConfig{Header: "X-User", Trusted: []string{"127.0.0.1"}}, nil, "alice"},
		"the proxies":       {&middleware.RemoteUserConfig{Header: "X-User"}, []string{"127.0.0.1"}, "alice"},
		"the proxies alone": {&middleware.RemoteUserConfig{Header: "X-User"}, []string{"192.0.2.1"}, "AnonymousUser"},
	} {
		c := testConfig(t)
		c.Web.RemoteUser, c.Web.TrustedProxies = tt.remote, tt.proxies
		site, err := coatcheck.New(c)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, err := auth.UserFromContext(r.Context())
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(w, user.String())
		})))
		t.Cleanup(server.Close)
		if _, got := newClient(t, server).do("GET", "/", "", "X-User", "alice"); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	c := testConfig(t)
	c.Web.RemoteUser = &middleware.RemoteUserConfig{Header: "X-User"}
	if _, err := coatcheck.New(c); err == nil || !strings.Contains(err.Error(), "RemoteUserConfig.Trusted is empty") {
		t.Errorf("without a web server: %v", err)
	}
}

// TestRemoteUserPosts: who is signed in by the very request that posts a form still
// needs the token of before, and the login changes it for the next one.
func TestRemoteUserPosts(t *testing.T) {
	c := testConfig(t)
	c.Web.Guard, c.Web.RemoteUser = coatcheck.GuardDjango, &middleware.RemoteUserConfig{Header: "X-User", Trusted: []string{"127.0.0.1"}}
	client := guardedBy(t, c)
	_, token := client.do("GET", "/", "")
	if response, _ := client.do("POST", "/", "a=b", "X-User", "alice"); response.StatusCode != http.StatusForbidden || client.key() != "" {
		t.Errorf("without a token: %d", response.StatusCode)
	}
	form := "csrfmiddlewaretoken=" + token
	if response, _ := client.do("POST", "/", form, "X-User", "alice"); response.StatusCode != http.StatusOK || client.key() == "" {
		t.Errorf("with one: %d", response.StatusCode)
	}
	if response, _ := client.do("POST", "/", form, "X-User", "alice"); response.StatusCode != http.StatusForbidden {
		t.Errorf("with the one of before the login: %d", response.StatusCode)
	}
}
