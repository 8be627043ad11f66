package views_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/views"
)

// TestLanguageSwitch: the choice is kept in Django's cookie, and leads back to the
// page, which speaks the language from then on.
func TestLanguageSwitch(t *testing.T) {
	s := newSite(t)
	b := s.browser(t)
	page := b.get("/accounts/login/?next=/public/").page(t)
	form := page.one("footer").one("form")
	if form.attr("method") != "post" || form.attr("action") != "/accounts/language/" {
		t.Fatal("there is no switch")
	}
	next := form.where("input", "name", "next").attr("value")
	if names := form.one("select").text(); names != "DeutschEnglishEspañolFrançais日本語" || next != "/accounts/login/?next=/public/" {
		t.Errorf("the languages %q, and back to %q", names, next)
	}
	a := b.form("/accounts/language/", "language", "de", "next", next)
	a.wantRedirect(t, next)
	if got := a.Header.Get("Set-Cookie"); got != "django_language=de; Path=/" { // as Django's
		t.Errorf("the cookie: %q", got)
	}
	page = b.get(next).page(t)
	if h1 := page.one("h1").text(); h1 != "Anmelden" || page.one("html").attr("lang") != "de" || page.one("title").text() != "Anmelden · Coatcheck" {
		t.Errorf("%q", h1)
	}
	if chosen := page.where("option", "value", "de"); !chosen.has("selected") {
		t.Error("the language of the page is not the one that is chosen")
	}
	s.addUser(t, auth.NewUser{Username: "ada"})
	b.login("ada")
	if a := b.form("/accounts/logout/"); a.StatusCode != http.StatusOK {
		t.Errorf("the logout: %d", a.StatusCode)
	}
	if h1 := b.get("/accounts/login/").page(t).one("h1").text(); h1 != "Anmelden" {
		t.Errorf("the logout changed the language: %q", h1)
	}
	for _, tt := range [][3]string{
		{"tlh", "/public/", "/public/"}, {"", "", "/"}, {"fr", "https://evil.example/", "/"}, {"fr", "//evil.example/", "/"},
	} {
		a := s.browser(t).form("/accounts/language/", "language", tt[0], "next", tt[1])
		a.wantRedirect(t, tt[2])
		if (a.Header.Get("Set-Cookie") == "") != (tt[0] != "fr") {
			t.Errorf("%q: Set-Cookie %q", tt[0], a.Header.Get("Set-Cookie"))
		}
	}
}

// TestLanguagePage: pages without a form link to a page with buttons, and a GET
// changes nothing.
func TestLanguagePage(t *testing.T) {
	b := newSite(t).browser(t)
	link := b.get("/public/").page(t).one("footer").one("a")
	if link.text() != "Language: English" || link.attr("href") != "/accounts/language/?next=/public/" {
		t.Errorf("%q leads to %q", link.text(), link.attr("href"))
	}
	a := b.get(link.attr("href"))
	page := a.page(t)
	if page.field("next").attr("value") != "/public/" || len(page.all("button")) != 5 || a.Header.Get("Set-Cookie") != "" {
		t.Error(page.one("main").text())
	}
	if button := page.where("button", "value", "ja"); button.attr("lang") != "ja" || button.text() != "日本語" {
		t.Errorf("%q", button.text())
	}
}

// TestLanguageOfPrograms: JSON names the languages, takes a choice, and refuses what
// is none; errors are in the language, the messages of success are not.
func TestLanguageOfPrograms(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	p.get("/accounts/language/").wantJSON(t, http.StatusOK, `{"language": "en",
		"languages": {"de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "ja": "日本語"}}`)
	p.json("/accounts/language/", `{"language": "xx"}`).wantJSON(t, http.StatusBadRequest,
		`{"error": "Choose one of the languages.", "fields": {"language": ["Choose one of the languages."]}}`)
	p.json("/accounts/language/", `{"language": "de"}`).wantJSON(t, http.StatusOK, `{"message": "Language chosen"}`)
	a := p.json("/accounts/login/", `{"username": "ada"}`)
	a.wantJSON(t, http.StatusBadRequest, `{"error": "Passwort: Dieses Feld ist zwingend erforderlich.",
		"fields": {"password": ["Dieses Feld ist zwingend erforderlich."]}}`)
	// No cache keeps it, so that the cookie need not be named too.
	if vary := a.Header.Get("Vary"); vary != "Accept, Accept-Language" || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("Vary: %s, %s", vary, a.Header.Get("Cache-Control"))
	}
	p.json("/accounts/login/", `{"username": "ada", "password": "no"}`).wantJSON(t, http.StatusUnauthorized, `{"error": "Ungültige Anmeldedaten"}`)
	p.get("/accounts/nothing/").wantJSON(t, http.StatusNotFound, `{"error": "Unter dieser Adresse gibt es nichts."}`)
	p.do("DELETE", "/accounts/login/", "", "").wantJSON(t, http.StatusMethodNotAllowed,
		`{"error": "Diese Adresse nimmt keine Anfragen mit DELETE an."}`)
	p.json("/accounts/login/", `{"username": "ada", "password": "`+canary+`"}`).wantUser(t, "message", "Login successful", "ada")
}

// TestFormsInOtherLanguages: labels, help and errors, those with values in them too.
func TestFormsInOtherLanguages(t *testing.T) {
	b := newSite(t).browser(t)
	b.form("/accounts/language/", "language", "de")
	a := b.form("/accounts/signup/", "username", strings.Repeat("x", 151), "email", "no", "password", "kurz")
	page := a.page(t)
	for name, want := range map[string]string{
		"username": "Bitte sicherstellen, dass der Wert aus höchstens 150 Zeichen besteht. (Er besteht aus 151 Zeichen.)",
		"email":    "Bitte eine gültige E-Mail-Adresse eingeben.",
		"password": "Dieses Passwort ist zu kurz. Es muss mindestens 8 Zeichen enthalten.",
	} {
		if got := page.fieldError(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if title := page.one("title").text(); title != "Fehler: Registrieren · Coatcheck" {
		t.Errorf("%q", title)
	}
	if help := page.where("ul", "id", "id_password_help").text(); !strings.Contains(help, "Mindestens ein Buchstabe oder Sonderzeichen") {
		t.Errorf("%q", help)
	}
	b.form("/accounts/login/", "username", "ada", "password", "no").page(t)
}

// TestSwitchCarriesTheToken: where the guard is Django's the switch needs a token
// like every form, and pages without a form stay so.
func TestSwitchCarriesTheToken(t *testing.T) {
	s := guardedSite(t, middleware.CSRFConfig{})
	b := s.browser(t)
	if a := b.form("/accounts/language/", "language", "de"); a.StatusCode != http.StatusForbidden {
		t.Errorf("without a token: %d", a.StatusCode)
	}
	form := b.get("/accounts/login/").page(t).one("footer").one("form")
	token := form.where("input", "name", "csrfmiddlewaretoken").attr("value")
	b.form("/accounts/language/", "language", "de", "next", "/", "csrfmiddlewaretoken", token).wantRedirect(t, "/")
	if a := b.form("/accounts/login/", "username", "ada", "password", canary); !strings.Contains(a.text, "Das Formular hat kein Token.") {
		t.Errorf("the failure: %s", a.text)
	}
}

// TestOneLanguage: there is nothing to switch.
func TestOneLanguage(t *testing.T) {
	only, err := i18n.New(i18n.Config{Languages: []string{"ja"}, Default: "ja"})
	if err != nil {
		t.Fatal(err)
	}
	page := newSite(t, func(c *views.Config) { c.Languages = only }).browser(t).get("/accounts/login/").page(t)
	if page.one("footer").Node != nil || page.one("html").attr("lang") != "ja" {
		t.Error("there is a switch")
	}
}
