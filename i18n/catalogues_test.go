package i18n

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// po is a source with the file of one language.
func po(folder, domain, text string) fstest.MapFS {
	return fstest.MapFS{folder + "/LC_MESSAGES/" + domain + ".po": {Data: []byte(text)}}
}

func mustNew(t *testing.T, c Config) *Catalogues {
	t.Helper()
	all, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDefault(t *testing.T) {
	c := Default()
	if got := strings.Join(c.Languages(), " "); got != "de en es fr ja" {
		t.Errorf("languages %q", got)
	}
	for _, test := range []struct{ language, want string }{
		{"de", "Anmelden"}, {"de-at", "Anmelden"}, {"fr", "Connexion"}, {"es_MX", "Iniciar sesión"}, {"ja", "ログイン"}, {"en-gb", "Log in"}, {"xx", "Log in"}, {"", "Log in"},
	} {
		if got := c.Translator(test.language).T("Log in"); got != test.want {
			t.Errorf("%s: %q, want %q", test.language, got, test.want)
		}
	}
}

// TestOverriding: later sources and domains go before earlier ones, sentence by
// sentence, and a region before its language.
func TestOverriding(t *testing.T) {
	first := po("de", "coatcheck", `msgid "Log in"
msgstr "Rein"

msgid "mine"
msgstr "meins"
`)
	first["de/LC_MESSAGES/django.po"] = &fstest.MapFile{Data: []byte("msgid \"Log in\"\nmsgstr \"Django\"\nmsgid \"theirs\"\nmsgstr \"ihres\"\n")}
	first["README"] = &fstest.MapFile{Data: []byte("no folder")}
	second := po("de_AT", "coatcheck", "msgid \"mine\"\nmsgstr \"mei\"\n")
	english := po("en", "coatcheck", "msgid \"Log in\"\nmsgstr \"Sign in\"\n")
	c := mustNew(t, Config{Sources: []fs.FS{first, second, english}})
	for _, test := range []struct{ language, text, want string }{
		{"de", "Log in", "Rein"},
		{"de", "theirs", "ihres"},
		{"de", "Log out", "Abmelden"},
		{"de", "mine", "meins"},
		{"de-at", "mine", "mei"},
		{"de-at", "Log in", "Rein"},
		{"en", "Log in", "Sign in"},
		{"fr", "mine", "mine"},
	} {
		if got := c.Translator(test.language).T(test.text); got != test.want {
			t.Errorf("%s: %q is %q, want %q", test.language, test.text, got, test.want)
		}
	}
	if got := c.Translator("de-at").Language(); got != "de-AT" {
		t.Errorf("lang is %q", got)
	}
	own := mustNew(t, Config{Sources: []fs.FS{first}, OnlySources: true})
	if got := own.Translator("de").T("Log out"); got != "Log out" {
		t.Errorf("Coatcheck's own translation is there: %q", got)
	}
}

// TestRegionsWithoutFiles: a region that is wanted speaks as its language does,
// under its own name.
func TestRegionsWithoutFiles(t *testing.T) {
	c := mustNew(t, Config{Languages: []string{"de-AT", "en_GB"}, Default: "en"})
	de := c.Negotiate("", "de")
	if de.Language() != "de-AT" || de.Code() != "de-at" || de.T("Log in") != "Anmelden" {
		t.Errorf("%s: %s", de.Language(), de.T("Log in"))
	}
	if got := c.Negotiate("", "ja").Language(); got != "en-GB" {
		t.Errorf("the default is %s", got)
	}
}

func TestWrongConfigs(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		want   string
	}{
		"a language without translations": {Config{Languages: []string{"it"}}, `has "it", for which there are no translations`},
		"no language":                     {Config{Languages: []string{"de", "de@euro"}}, `"de@euro"; write a language`},
		"a default that is not there":     {Config{Default: "it"}, `Config.Default is "it"`},
		"a source without files":          {Config{Sources: []fs.FS{fstest.MapFS{}}}, "Sources[0]: there is no file such as de/LC_MESSAGES/coatcheck.po"},
		"another domain":                  {Config{Sources: []fs.FS{po("de", "django", "")}, Domains: []string{"mine"}}, "LC_MESSAGES/mine.po"},
		"a malformed file":                {Config{Sources: []fs.FS{po("de", "django", "msgid \"a\n")}}, "de/LC_MESSAGES/django.po: line 1:"},
		"a folder of no language":         {Config{Sources: []fs.FS{po("de@euro", "django", "")}}, `the folder "de@euro"`},
		"a file that is too large":        {Config{Sources: []fs.FS{po("de", "django", strings.Repeat("\n", maxFile+1))}}, "more than 16 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(test.config); err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "i18n: ") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestLanguageNames(t *testing.T) {
	for code, want := range map[string]string{
		"de": "de ltr", "pt-br": "pt-BR ltr", "zh-hans": "zh-Hans ltr", "es-419": "es-419 ltr", "sr-latn-rs": "sr-Latn-RS ltr",
		"ar": "ar rtl", "ar-dz": "ar-DZ rtl", "he": "he rtl", "fa": "fa rtl", "ckb": "ckb rtl", "az-arab": "az-Arab rtl", "ug-latn": "ug-Latn ltr",
	} {
		tr := newTranslator(code)
		if got := tr.Language() + " " + tr.Dir(); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

// TestNothingIsRemembered: unknown clients cannot make the catalogues grow
// (CVE-2007-5712), and long texts are not worked through.
func TestNothingIsRemembered(t *testing.T) {
	c := Default()
	translators := len(c.translators)
	for i := range 1000 {
		c.Negotiate("de-"+strings.Repeat("a", i%8+1), "")
		c.Translator(strings.Repeat("b-", i))
	}
	if len(c.translators) != translators {
		t.Error("there are more translators")
	}
	long := strings.Repeat("de-", 1<<20)
	if got := testing.AllocsPerRun(10, func() { c.Negotiate(long[:1<<16], long) }); got > 250 {
		t.Errorf("%v allocations for long texts", got)
	}
	if got := c.Negotiate("", "fr"+strings.Repeat(",de;q=0.1", 100)).Code(); got != "fr" {
		t.Errorf("the first part of a long header is not looked at: %s", got)
	}
}

func TestLanguagesAreACopy(t *testing.T) {
	c := mustNew(t, Config{})
	c.Languages()[0] = "xx"
	if slices.Contains(c.Languages(), "xx") {
		t.Error("the caller can change the languages")
	}
}

func TestOwnName(t *testing.T) {
	for code, want := range map[string]string{
		"de": "Deutsch", "de-at": "Deutsch", "pt_BR": "Português Brasileiro", "zh-tw": "繁體中文", "ja": "日本語", "en-gb": "British English", "x-y": "x-y",
	} {
		if got := OwnName(code); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}
