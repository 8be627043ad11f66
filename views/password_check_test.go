package views_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
)

// TestPasswordCheck: a page learns what is wrong with a password that is being chosen, by the names
// that are typed beside it or those of the user who is signed in. Nothing is stored.
func TestPasswordCheck(t *testing.T) {
	s := newWhole(t, func(*coatcheck.Config) {})
	s.user(t, "lovelace")
	stranger, b := s.browser(t), s.enter(t, "lovelace", firefox)
	const similar = `{"errors":{"password_too_similar":"The password is too similar to the username."}}`
	for _, c := range []struct {
		by     *client
		fields []string
		status int
		want   string
	}{
		{stranger, []string{"password", canary}, 200, `{"errors":{}}`},
		{stranger, []string{"password", "password1"}, 200, `{"errors":{"password_too_common":"This password is too common."}}`},
		{stranger, []string{"password", "lovelace-0"}, 200, `{"errors":{}}`},
		{stranger, []string{"password", "lovelace-0", "username", "lovelace"}, 200, similar},
		{b, []string{"password", "lovelace-0", "username", "other"}, 200, similar},
		{stranger, []string{"password", "12345"}, 200, `{"errors":{
			"password_too_short":"This password is too short. It must contain at least 8 characters.",
			"password_too_common":"This password is too common.", "password_entirely_numeric":"This password is entirely numeric."}}`},
		{
			stranger,
			[]string{"password", strings.Repeat("x", 4097)},
			200,
			`{"errors":{"max_length":"This password is too long: at most 4,096 bytes can be used."}}`,
		},
		{
			stranger,
			[]string{"username", "x"},
			400,
			`{"error":"Password: This field is required.","fields":{"password":["This field is required."]}}`,
		},
	} {
		before := s.count(t, "auth_user") + s.count(t, "django_session")
		c.by.form("/accounts/password_check/", c.fields...).wantJSON(t, c.status, c.want)
		if s.count(t, "auth_user")+s.count(t, "django_session") != before {
			t.Errorf("%q stored something", c.fields)
		}
	}
	if a := stranger.get("/accounts/password_check/"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.StatusCode)
	}
	if list := stranger.get("/accounts/signup/").page(t).where("ul", "class", "help rules"); list.attr("data-check") != "/accounts/password_check/" {
		t.Error("the page does not say where its script asks")
	}
}

// TestPasswordCheckIsThrottled: it has a budget of its own, which leaves that of logins alone.
func TestPasswordCheckIsThrottled(t *testing.T) {
	s := newWhole(t, func(*coatcheck.Config) {})
	s.user(t, "ada")
	b := s.browser(t)
	for n := range 1000 {
		a := b.form("/accounts/password_check/", "password", canary)
		if a.StatusCode == http.StatusTooManyRequests {
			if n < 30 || a.Header.Get("Retry-After") == "" {
				t.Errorf("refused after %d, %v", n, a.Header)
			}
			b.login("ada").wantRedirect(t, "/accounts/profile/")
			return
		}
	}
	t.Error("nobody is refused")
}
