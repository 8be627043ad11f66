package coatcheck_test

import (
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing/fstest"
	"time"

	"github.com/coatcheck/coatcheck/i18n"
)

// The language of a visitor.
func Example_languages() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var chosen string
		if cookie, err := r.Cookie(i18n.CookieName); err == nil {
			chosen = cookie.Value
		}
		t := i18n.Default().Negotiate(chosen, r.Header.Get("Accept-Language"))
		w.Header().Add("Vary", "Accept-Language, Cookie")
		fmt.Fprintf(w, "<html lang=%q dir=%q>\n", t.Language(), t.Dir())
		fmt.Fprintln(w, t.T("Log in"))
		fmt.Fprintln(w, t.T("You are signed in as %(username)s.", "username", "ada"))
		fmt.Fprintln(w, t.N("%(n)d minute ago", "%(n)d minutes ago", 3))
		fmt.Fprintln(w, t.Time(time.Date(2026, 3, 2, 15, 4, 0, 0, time.UTC)))
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", "de-AT,de;q=0.9,en;q=0.5")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	fmt.Print(answer.Body)
	// Output:
	// <html lang="de" dir="ltr">
	// Anmelden
	// Sie sind als ada angemeldet.
	// vor 3 Minuten
	// 2. März 2026, 15:04
}

// Another wording and another language.
func Example_translations() {
	// locale is os.DirFS("locale") in a program.
	locale := fstest.MapFS{
		"de/LC_MESSAGES/coatcheck.po": {Data: []byte("msgid \"Log in\"\nmsgstr \"Einloggen\"\n")},
		"it/LC_MESSAGES/coatcheck.po": {Data: []byte("msgid \"Log in\"\nmsgstr \"Accedi\"\n")},
	}
	languages, err := i18n.New(i18n.Config{
		Sources:   []fs.FS{locale},
		Languages: []string{"en", "de", "it"},
		Default:   "it",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, accept := range []string{"de", "en", "fi"} {
		fmt.Println(languages.Negotiate("", accept).T("Log in"))
	}
	// Output:
	// Einloggen
	// Log in
	// Accedi
}

// Django's catalogues; it needs a Django to run.
func Example_djangosTranslations() {
	django := os.DirFS("/usr/lib/python3/dist-packages/django")
	auth, err := fs.Sub(django, "contrib/auth/locale")
	if err != nil {
		log.Fatal(err)
	}
	forms, err := fs.Sub(django, "conf/locale")
	if err != nil {
		log.Fatal(err)
	}
	languages, err := i18n.Load(forms, auth, os.DirFS("locale"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(languages.Translator("pt-br").T("This field is required."))
}
