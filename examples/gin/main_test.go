package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/coatcheck/coatcheck/coatchecktest"
)

func TestProgram(t *testing.T) {
	site := coatchecktest.NewSite(t)
	site.CreateUser("alice", "correct horse")
	client := site.NewClient(routes(site.Site))
	if got := client.Get("/"); got.Status != http.StatusOK || got.Header.Get("Vary") != "" {
		t.Errorf("the home page gives %d and looked at the session: %v", got.Status, got.Header)
	}
	if got := client.Get("/profile"); got.Status != http.StatusFound || got.Location() != "/accounts/login/?next=/profile" {
		t.Errorf("a visitor got %d to %q", got.Status, got.Location())
	}
	got := client.Post("/accounts/login/", url.Values{"username": {"alice"}, "password": {"correct horse"}})
	if got.Status != http.StatusOK || got.Cookie("sessionid") == nil {
		t.Fatalf("the login gives %d %s", got.Status, got.Body)
	}
	if got := client.Get("/profile"); got.Body != "hello alice\n" {
		t.Errorf("alice got %d %q", got.Status, got.Body)
	}
	if got := client.Post("/accounts/logout/", nil); got.Status != http.StatusOK {
		t.Errorf("the logout gives %d %s", got.Status, got.Body)
	}
	if got := client.Get("/profile"); got.Status != http.StatusFound {
		t.Errorf("after the logout alice got %d", got.Status)
	}
}
