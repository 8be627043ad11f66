package main

import (
	"net/http"
	"testing"

	"github.com/coatcheck/coatcheck/coatchecktest"
)

func TestProgram(t *testing.T) {
	site := coatchecktest.NewSite(t)
	client := site.NewClient(routes(site.Site))
	if got := client.Get("/profile"); got.Status != http.StatusFound || got.Location() != "/accounts/login/?next=/profile" {
		t.Errorf("a visitor got %d to %q", got.Status, got.Location())
	}
	client.ForceLogin(site.CreateUser("alice", ""))
	if got := client.Get("/profile"); got.Status != http.StatusOK || got.Body != "hello alice\n" {
		t.Errorf("alice got %d %q", got.Status, got.Body)
	}
}
