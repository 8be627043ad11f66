package views_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/views"
)

const (
	required = "This field is required."
	taken    = "A user with that username already exists."
	badName  = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
)

func TestSignupJSON(t *testing.T) {
	s := newSite(t)
	p := s.program(t)
	a := p.form("/accounts/signup/", "username", "ada", "password", canary)
	a.wantJSON(t, 201, `{"message":"User created successfully"}`)
	p.json("/accounts/signup/", `{"username":"grace","password":"`+canary+`","email":"grace@Example.COM","extra":[1]}`).
		wantJSON(t, 201, `{"message":"User created successfully"}`)
	if a.cookie() != "" || s.count(t, "django_session") != 0 {
		t.Error("signing up made a session")
	}
	user, err := s.auth.UserByUsername(t.Context(), "grace")
	if err != nil || user.Email != "grace@example.com" || !user.IsActive || user.IsStaff {
		t.Errorf("%+v, %v", user, err)
	}
	p.login("grace").wantUser(t, "message", "Login successful", "grace")
}

func TestSignupRefusesJSON(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	field := func(name, label, sentence string) string {
		return `{"error":"` + label + `: ` + sentence + `","fields":{"` + name + `":["` + sentence + `"]}}`
	}
	long := strings.Repeat("x", 151)
	for _, tt := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"username":"ada","password":"four blue umbrellas"}`, 409, field("username", "Username", taken)},
		{`{"username":"ADA","password":"four blue umbrellas"}`, 409, field("username", "Username", taken)},
		{`{"username":"` + "ａｄａ" + `","password":"four blue umbrellas"}`, 409, field("username", "Username", taken)}, // the same by NFKC
		{`{"password":"four blue umbrellas"}`, 400, field("username", "Username", required)},
		{`{"username":"","password":"four blue umbrellas"}`, 400, field("username", "Username", required)},
		{`{"username":" \t","password":"four blue umbrellas"}`, 400, field("username", "Username", required)},
		{`{"username":null,"password":"four blue umbrellas"}`, 400, field("username", "Username", required)},
		{`{"username":"a b","password":"four blue umbrellas"}`, 400, field("username", "Username", badName)},
		{`{"username":"<b>","password":"four blue umbrellas"}`, 400, field("username", "Username", badName)},
		{`{"username":"` + long + `","password":"four blue umbrellas"}`, 400, field("username", "Username", "Ensure this value has at most 150 characters (it has 151).")},
		{`{"username":"a\u0000","password":"four blue umbrellas"}`, 400, field("username", "Username", "Null characters are not allowed.")},
		{`{"username":0,"password":"four blue umbrellas"}`, 400, field("username", "Username", "Enter text.")},
		{`{"username":false,"password":"four blue umbrellas"}`, 400, field("username", "Username", "Enter text.")},
		{`{"username":[],"password":"four blue umbrellas"}`, 400, field("username", "Username", "Enter text.")},
		{`{"username":{"$ne":1},"password":"four blue umbrellas"}`, 400, field("username", "Username", "Enter text.")},
		{`{"username":"new"}`, 400, field("password", "Password", required)},
		{`{"username":"new","password":""}`, 400, field("password", "Password", required)},
		{`{"username":"new","password":1}`, 400, field("password", "Password", "Enter text.")},
		{`{"username":"new","password":"a\u0000b"}`, 400, field("password", "Password", "Null characters are not allowed.")},
		{`{"username":"new","password":"` + strings.Repeat("x", 4097) + `"}`, 400, field("password", "Password", "This password is too long: at most 4,096 bytes can be used.")},
		{`{"username":"new","password":"four blue umbrellas","email":"nobody"}`, 400, field("email", "Email", "Enter a valid email address.")},
		{`{"username":"new","password":"four blue umbrellas","email":["a@b.com"]}`, 400, field("email", "Email", "Enter text.")},
		{`{}`, 400, `{"error":"Username: ` + required + ` Password: ` + required + `","fields":{"username":["` + required + `"],"password":["` + required + `"]}}`},
	} {
		a := p.json("/accounts/signup/", tt.body)
		a.wantJSON(t, tt.status, tt.want)
		if a.cookie() != "" {
			t.Error("a cookie came")
		}
	}
	if n := s.count(t, "auth_user"); n != 1 {
		t.Errorf("%d users", n)
	}
}

func TestSignupPage(t *testing.T) {
	s := newSite(t)
	b := s.browser(t)
	page := b.get("/accounts/signup/?next=/accounts/profile/").page(t)
	if got := page.one("title").text(); got != "Sign up · Coatcheck" {
		t.Errorf("title %q", got)
	}
	for name, want := range map[string]string{"username": "username", "email": "email", "password": "new-password"} {
		if got := page.field(name).attr("autocomplete"); got != want {
			t.Errorf("%s: autocomplete is %q", name, got)
		}
		if page.field(name).has("required") == (name == "email") {
			t.Errorf("%s: required is wrong", name)
		}
	}
	if !page.field("username").has("autofocus") || page.field("password").has("maxlength") || page.alert().Node != nil {
		t.Error("autofocus, maxlength or alert is wrong")
	}
	if got := page.field("next").attr("value"); got != "/accounts/profile/" {
		t.Errorf("next is %q", got)
	}

	a := b.form("/accounts/signup/", "username", "ada", "email", "", "password", canary, "next", "/accounts/profile/?a=b&c")
	a.wantRedirect(t, "/accounts/login/?next=/accounts/profile/%3Fa%3Db%26c")
	if a.cookie() != "" {
		t.Error("signing up made a session")
	}
	login := b.get(a.Header.Get("Location"))
	login.wantNotice(t, "Your account is ready. Log in to go on.")
	login.wantFilledIn(t, "ada")
	page = login.page(t)
	if got := page.field("next").attr("value"); got != "/accounts/profile/?a=b&c" {
		t.Errorf("next is %q", got)
	}
	login = b.get(a.Header.Get("Location"))
	login.wantNotice(t, "")
	if got := login.page(t).field("username").attr("value"); got != "" {
		t.Errorf("the name %q is filled in a second time", got)
	}
}

func TestSignupPageErrors(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	a := b.form("/accounts/signup/", "username", "Ada", "email", "x@y.org", "password", canary)
	page := a.page(t)
	if a.StatusCode != 200 || page.fieldError("username") != taken {
		t.Errorf("%d, error %q", a.StatusCode, page.fieldError("username"))
	}
	name := page.field("username")
	if name.attr("aria-invalid") != "true" || name.attr("value") != "Ada" || name.has("autofocus") ||
		name.attr("aria-describedby") != "id_username_help id_username_error" {
		t.Errorf("%v", name.Attr)
	}
	if link := page.alert().one("a"); link.attr("href") != "#id_username" || page.alert().text() != "Please check: Username" ||
		!page.alert().has("autofocus") {
		t.Errorf("summary: %q", page.alert().text())
	}
	if page.field("email").attr("value") != "x@y.org" || page.field("email").has("aria-invalid") {
		t.Error("the email is not as it was typed")
	}
	if title := page.one("title").text(); title != "Error: Sign up · Coatcheck" {
		t.Errorf("title %q", title)
	}

	page = b.form("/accounts/signup/", "username", `"><script>alert(1)</script>`, "email", "<b>", "password", "").page(t)
	if page.fieldError("username") != badName || page.fieldError("email") != "Enter a valid email address." || page.fieldError("password") != required {
		t.Error(page.alert().text())
	}
	if got := page.field("username").attr("value"); got != `"><script>alert(1)</script>` {
		t.Errorf("username shown again as %q", got)
	}
}

func TestSignupValidatesPasswords(t *testing.T) {
	s := newSite(t, func(c *views.Config) {
		c.Validate = func(_ context.Context, raw string, user *auth.User) error {
			if user.Username != "ada" || user.Email != "ada@example.com" {
				t.Errorf("the user is %+v", user)
			}
			switch raw {
			case "123":
				return validate.Errors{{Message: "This password is too short."}, {Message: "This password is entirely numeric."}}
			case "down":
				return errors.New("the validator is down")
			}
			return nil
		}
	})
	p := s.program(t)
	p.form("/accounts/signup/", "username", "ada", "email", "ada@example.com", "password", "123").wantJSON(t, 400,
		`{"error":"Password: This password is too short. This password is entirely numeric.",
		"fields":{"password":["This password is too short.","This password is entirely numeric."]}}`)
	if a := p.form("/accounts/signup/", "username", "ada", "email", "ada@example.com", "password", "down"); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a validator that is down: %d", a.StatusCode)
	}
	p.form("/accounts/signup/", "username", "ada", "email", "ada@example.com", "password", canary).
		wantJSON(t, 201, `{"message":"User created successfully"}`)
}

// TestSignupByDefaultValidators: without a word of the configuration passwords
// are judged as in a new Django project, and the page says how.
func TestSignupByDefaultValidators(t *testing.T) {
	s := newSite(t)
	if help := s.browser(t).get("/accounts/signup/").page(t).text(); !strings.Contains(help, "At least one letter or symbol") {
		t.Errorf("the page does not tell the rules: %s", help)
	}
	s.program(t).form("/accounts/signup/", "username", "grace", "email", "hopper@example.com", "password", "hopper1").wantJSON(t, 400,
		`{"error":"Password: The password is too similar to the email address. This password is too short. It must contain at least 8 characters.",
		"fields":{"password":["The password is too similar to the email address.","This password is too short. It must contain at least 8 characters."]}}`)
	s.program(t).form("/accounts/signup/", "username", "", "password", "PASSWORD").wantJSON(t, 400,
		`{"error":"Username: This field is required. Password: This password is too common.",
		"fields":{"username":["This field is required."],"password":["This password is too common."]}}`)
}

func TestSignupClosed(t *testing.T) {
	s := newSite(t, func(c *views.Config) { c.SignupClosed = true })
	a := s.program(t).form("/accounts/signup/", "username", "ada", "password", canary)
	if a.StatusCode != http.StatusForbidden || s.count(t, "auth_user") != 0 {
		t.Errorf("%d, %d users", a.StatusCode, s.count(t, "auth_user"))
	}
	for _, path := range []string{"/", "/accounts/login/"} {
		if link := s.browser(t).get(path).page(t).where("a", "href", "/accounts/signup/"); link.Node != nil {
			t.Errorf("%s leads to the closed sign-up", path)
		}
	}
}

// Of people who take one name at the same time, one gets it.
func TestSignupRace(t *testing.T) {
	s := newSite(t)
	var wg sync.WaitGroup
	statuses := make(chan int, 8)
	for range cap(statuses) {
		p := s.program(t)
		wg.Go(func() { statuses <- p.form("/accounts/signup/", "username", "ada", "password", canary).StatusCode })
	}
	wg.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	if count[201] != 1 || count[409] != 7 || s.count(t, "auth_user") != 1 {
		t.Errorf("statuses %v, %d users", count, s.count(t, "auth_user"))
	}
}

// TestBlanksStayInPasswords, at sign-up, at login, and where a password is changed or
// reset, in forms and in JSON.
func TestBlanksStayInPasswords(t *testing.T) {
	const blank = "  four blue umbrellas\t"
	s := newSite(t)
	s.program(t).json("/accounts/signup/", `{"username":"ada","password":"  four blue umbrellas\t"}`).wantJSON(t, 201, `{"message":"User created successfully"}`)
	s.browser(t).form("/accounts/signup/", "username", "bob", "email", "", "password", blank).wantRedirect(t, "/accounts/login/")
	for _, name := range []string{"ada", "bob"} {
		s.program(t).json("/accounts/login/", `{"username":"`+name+`","password":"  four blue umbrellas\t"}`).wantUser(t, "message", "Login successful", name)
		s.program(t).json("/accounts/login/", `{"username":"`+name+`","password":"four blue umbrellas"}`).wantJSON(t, 401, `{"error":"Invalid credentials"}`)
		s.browser(t).form("/accounts/login/", "username", name, "password", blank).wantRedirect(t, "/accounts/profile/")
	}

	const other, third = "\tfive green umbrellas ", " six red umbrellas "
	opens := func(password string) {
		t.Helper()
		s.browser(t).form("/accounts/login/", "username", "eve", "password", password).wantRedirect(t, "/accounts/profile/")
		s.program(t).form("/accounts/login/", "username", "eve", "password", strings.TrimSpace(password)).wantJSON(t, 401, `{"error":"Invalid credentials"}`)
	}
	s = newMailSite(t)
	s.addUser(t, auth.NewUser{Username: "eve"})
	b := s.browser(t)
	b.login("eve")
	b.form("/accounts/password_change/", "old_password", canary, "new_password1", other).wantRedirect(t, "/accounts/profile/")
	opens(other)
	b.form("/accounts/password_change/", "old_password", strings.TrimSpace(other), "new_password1", third).page(t)
	b.form("/accounts/password_change/", "old_password", other, "new_password1", third, "new_password2", third).
		wantRedirect(t, "/accounts/profile/")
	opens(third)
	s.program(t).form(s.resetLink(must(s.auth.UserByUsername(t.Context(), "eve"))), "new_password1", blank).wantJSON(t, 200, `{"message":"Password changed successfully"}`)
	opens(blank)
}
