package requestinfo

import (
	"net/http/httptest"
	"testing"
)

func TestLogPath(t *testing.T) {
	for path, want := range map[string]string{
		"/":      "/",
		"/shop/": "/shop/",
		"/orders/5f0c1f8e-8a52-4b1e-9d6b-0f3f6f0a9c11/":                         "/orders/5f0c1f8e-8a52-4b1e-9d6b-0f3f6f0a9c11/",
		"/accounts/password_change/done/":                                       "/accounts/password_change/done/",
		"/accounts/reset/MQ/set-password/":                                      "/accounts/reset/MQ/set-password/",
		"/accounts/reset/MQ/dimlty-575cc2b9c9618ca5c5ed6616c11d6446/":           "/accounts/reset/MQ/diml…/",
		"/accounts/reset/MQ/dimlty-575cc2b9c9618ca5c5ed6616c11d6446":            "/accounts/reset/MQ/diml…",
		"/accounts/not-me/EVFH4LJPSW7RH5ZATEWAAWPO5V/":                          "/accounts/not-me/EVFH…/",
		"/accounts/signup/confirm/EVFH4LJPSW7RH5ZATEWAAWPO5V/":                  "/accounts/signup/confirm/EVFH…/",
		"/accounts/invitation/EVFH4LJPSW7RH5ZATEWAAWPO5V/x":                     "/accounts/invitation/EVFH…/x",
		"/accounts/email/confirm/EVFH4LJPSW7RH5ZATEWAAWPO5V/EVFH4LJPSW7RH5ZATE": "/accounts/email/confirm/EVFH…/EVFH4LJPSW7RH5ZATE",
	} {
		r := httptest.NewRequest("GET", path, nil)
		if got := LogPath(r); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
