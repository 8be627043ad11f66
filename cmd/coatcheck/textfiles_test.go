package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
)

// encodings are those in which editors and shells of Windows save a text.
var encodings = map[string]encoding.Encoding{
	"UTF-8 with a mark":     unicode.UTF8BOM,
	"UTF-16, little endian": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"UTF-16, big endian":    unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
}

// save writes a text file in an encoding and returns its name.
func save(t *testing.T, in encoding.Encoding, dir, name, text string) string {
	t.Helper()
	raw, err := in.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const (
	plainKey  = "a-key-of-the-tests-that-is-long-enough-for-anything"
	formerKey = "a-former-key-that-is-long-enough-for-anything-too"
)

// TestTextFiles: every text file may be in these encodings, and says then what it says in
// UTF-8: sessions made with the key in a file are read with the same key from elsewhere.
func TestTextFiles(t *testing.T) {
	for name, in := range encodings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(name, text string) string { return save(t, in, dir, name, text) }
			p := start(t, dir, []string{"COATCHECK_SECRET_KEY=" + formerKey}, "--session-cookie-name", "marke")
			key := p.visitor().enter("alice", "correct horse")
			p.stop()
			config := write("config.json", `{"session_cookie_name": "marke", "site_name": "Züge"}`)
			p = start(t, dir, nil, "--config", config, "--secret-key-file", write("key", plainKey+"\r\n"),
				"--secret-key-fallbacks-file", write("former", "another-former-key-that-is-long-enough\r\n"+formerKey+"\r\n"))
			v := p.visitor()
			if got := v.get("/api/profile", "Cookie", "marke="+key); got.status != http.StatusOK {
				t.Errorf("with the former key: %d %s", got.status, got.body)
			}
			if got := v.get("/accounts/login/", "Accept", "text/html"); !strings.Contains(got.body, "Züge") {
				t.Errorf("the page has no name:\n%s", got.body)
			}
			dump := "SESSION_COOKIE_NAME = 'marke'\r\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'züge.db'}}\r\n"
			if out, errs, status := command(t, dir, "settings", "--from-django", write("dump.txt", dump)); status != 0 ||
				!strings.Contains(out, `"session_cookie_name": "marke"`) || !strings.Contains(out, "züge.db") {
				t.Errorf("the settings: %d\n%s%s", status, out, errs)
			}
			list := write("list.txt", strings.Repeat("1", 40)+":5\r\n"+strings.Repeat("2", 40)+":7\r\n")
			if out, errs, _ := command(t, dir, "pwned", "build", list); !strings.Contains(out, "of 2 passwords") {
				t.Errorf("the list: %s%s", out, errs)
			}
		})
	}
}

// TestNotText: a file that is none of these is named.
func TestNotText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, in := range map[string]encoding.Encoding{
		"UTF-16 without a mark": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"Latin-1":               encoding.Nop,
	} {
		save(t, in, dir, "config.json", map[bool]string{true: "{\"site_name\": \"Z\xfcge\"}", false: `{"site_name": "x"}`}[name == "Latin-1"])
		_, errs, status := command(t, dir, "check", "--config", "config.json")
		if status != exitUsage && status != exitFailed || !strings.Contains(errs, "config.json") ||
			!strings.Contains(errs, "is not text in UTF-8; save it as UTF-8") {
			t.Errorf("%s: %d %s", name, status, errs)
		}
	}
}
