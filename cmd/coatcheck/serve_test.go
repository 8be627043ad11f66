package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestFirstAnswer: in an empty folder the server responds within two seconds of
// its start. It is the best of three, since other tests load the machine.
func TestFirstAnswer(t *testing.T) {
	best := time.Hour
	for range 3 {
		p := start(t, t.TempDir(), nil)
		if got := p.visitor().get("/"); got.status != http.StatusOK {
			t.Fatalf("the home page gives %d %s", got.status, got.body)
		}
		if best = min(best, time.Since(p.started)); best < 2*time.Second {
			return
		}
	}
	t.Errorf("the first answer came after %v", best)
}

// TestFirstRun: the first run makes what is needed, readable by its owner alone,
// and says so; later runs are silent.
func TestFirstRun(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, nil, "--no-log-requests")
	for _, name := range []string{"coatcheck.db", "coatcheck.db-wal", "coatcheck.db-shm", "coatcheck.secret"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(p.err.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], filepath.Join(real, "coatcheck.db")) ||
		!strings.Contains(lines[1], "--inspect") || !strings.Contains(lines[2], filepath.Join(real, "coatcheck.secret")) {
		t.Errorf("the first run says:\n%s", &p.err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "coatcheck.secret"))
	if err != nil || !regexp.MustCompile(`^[A-Z2-7]{50,}\n$`).Match(key) {
		t.Errorf("the secret key has another form: %d bytes, %v", len(key), err)
	}
	p.visitor().enter("alice", "correct horse")
	if status := p.stop(); status != 0 {
		t.Errorf("the exit status is %d", status)
	}

	again := start(t, dir, nil, "--no-log-requests")
	if text := again.err.String(); text != "" {
		t.Errorf("the second run says:\n%s", text)
	}
	if got := again.visitor().post("/accounts/login/", credentials("alice", "correct horse")); got.status != http.StatusOK {
		t.Errorf("after a restart a login gives %d %s", got.status, got.body)
	}
}

// TestStory is the way of a user, as curl goes it, on every database.
func TestStory(t *testing.T) {
	for _, database := range testenv.Databases(t) {
		t.Run(database.Engine, func(t *testing.T) {
			p := start(t, t.TempDir(), nil, "--create", "--database", database.URL())
			tellStory(t, p)
			if status := p.stop(); status != 0 {
				t.Errorf("the exit status is %d", status)
			}
		})
	}
}

func tellStory(t *testing.T, p *process) {
	alice, stranger := p.visitor(), p.visitor()
	got := alice.post("/accounts/signup/", credentials("alice", "correct horse"))
	got.expect(t, "sign up", http.StatusCreated, `{"message":"User created successfully"}`)
	if cookies := got.header["Set-Cookie"]; cookies != nil {
		t.Errorf("signing up sets %q", cookies)
	}
	got = stranger.post("/accounts/signup/", credentials("alice", "other"))
	if got.status != http.StatusConflict || !strings.Contains(got.body, "A user with that username already exists.") {
		t.Errorf("sign up again: %d %s", got.status, got.body)
	}
	stranger.post("/accounts/login/", credentials("alice", "wrong")).expect(t, "wrong password",
		http.StatusUnauthorized, `{"error":"Invalid credentials"}`)
	got = alice.post("/accounts/login/", credentials("alice", "correct horse"))
	got.expect(t, "log in", http.StatusOK, alicesLogin)
	cookie, err := got.sessionCookie()
	if err != nil || cookie.Name != "sessionid" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode ||
		cookie.MaxAge != 1209600 || cookie.Path != "/" || cookie.Secure {
		t.Fatalf("the cookie is %q, %v", got.header["Set-Cookie"], err)
	}
	alice.get("/accounts/profile/").expect(t, "profile", http.StatusOK, alicesProfile)
	alice.get("/public/").expect(t, "public", http.StatusOK, `{"profile":"data"}`)
	alice.get("/api/profile").expect(t, "manual check", http.StatusOK, alicesProfile)

	stranger.get("/api/profile").expect(t, "manual check of a stranger", http.StatusUnauthorized, `{"error":"Unauthorized"}`)
	stranger.get("/accounts/profile/", "Accept", "application/json").expect(t, "profile of a stranger who asks for JSON",
		http.StatusUnauthorized, `{"error":"Unauthorized"}`)
	for what, key := range map[string]string{"no cookie": "", "made-up cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345"} {
		got = stranger.get("/accounts/profile/", "Cookie", key)
		if got.status != http.StatusFound || got.header.Get("Location") != "/accounts/login/?next=/accounts/profile/" {
			t.Errorf("%s: %d %v", what, got.status, got.header)
		}
	}
	if got := alice.get("/accounts/logout/"); got.status != http.StatusMethodNotAllowed {
		t.Errorf("log out by a link: %d %s", got.status, got.body)
	}
	alice.post("/accounts/logout/", nil).expect(t, "log out", http.StatusOK, `{"message":"Logout successful"}`)
	old := stranger.get("/accounts/profile/", "Cookie", "sessionid="+cookie.Value)
	if old.status != http.StatusFound {
		t.Errorf("the old cookie gives %d %s", old.status, old.body)
	}
}

// TestSurvivesRestart: sessions outlive the server, and a new secret key where
// the old one is a fallback.
func TestSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, nil)
	key := p.visitor().enter("alice", "correct horse")
	if err := p.cmd.Process.Kill(); err != nil { // not even a stop signal
		t.Fatal(err)
	}
	<-p.ended
	if err := os.Rename(filepath.Join(dir, "coatcheck.secret"), filepath.Join(dir, "old.secret")); err != nil {
		t.Fatal(err)
	}
	rotated := start(t, dir, nil, "--secret-key-fallbacks-file", "old.secret")
	rotated.visitor().get("/accounts/profile/", "Cookie", "sessionid="+key).expect(t, "with the fallback",
		http.StatusOK, alicesProfile)
	fresh := start(t, dir, []string{"COATCHECK_SECRET_KEY=" + strings.Repeat("another", 8)})
	if got := fresh.visitor().get("/accounts/profile/", "Cookie", "sessionid="+key); got.status != http.StatusFound {
		t.Errorf("without the fallback: %d %s", got.status, got.body)
	}
}

// TestSettings: flags, environment and config file reach the site.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	config := `{"session_cookie_name": "ticket", "session-cookie-age": 100, "session_cookie_samesite": "Strict", "trusted-origin": ["https://app.example"], "login_url": "/door/"}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, []string{"COATCHECK_SESSION_COOKIE_AGE=200", "COATCHECK_CONFIG=config.json"}, "--session-cookie-secure",
		"--no-use-tz", "--time-zone", "Asia/Kathmandu")
	v := p.visitor()
	v.post("/accounts/signup/", credentials("alice", "correct horse"))
	got := v.post("/accounts/login/", credentials("alice", "correct horse"))
	cookie, err := got.sessionCookie()
	if err != nil || cookie.Name != "ticket" || cookie.MaxAge != 200 || cookie.SameSite != http.SameSiteStrictMode || !cookie.Secure {
		t.Errorf("the cookie is %q, %v", got.header["Set-Cookie"], err)
	}
	if got := v.get("/accounts/profile/", "Cookie", "ticket="+cookie.Value); got.status != http.StatusOK {
		t.Errorf("the profile gives %d", got.status)
	}
	if got := p.visitor().get("/accounts/profile/"); got.header.Get("Location") != "/door/?next=/accounts/profile/" {
		t.Errorf("a visitor is sent to %q", got.header.Get("Location"))
	}
	for origin, want := range map[string]int{"https://app.example": http.StatusOK, "https://evil.example": http.StatusForbidden} {
		if got := v.post("/accounts/login/", credentials("alice", "correct horse"), "Origin", origin); got.status != want {
			t.Errorf("a login from %s gives %d, want %d", origin, got.status, want)
		}
	}
}

// TestTrace: each request's way through the layers is one readable block.
func TestTrace(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--trace", "--log-level", "error")
	v := p.visitor()
	v.enter("alice", "correct horse")
	v.get("/accounts/profile/?next=%0Aforged")
	wait(t, "the trace of the profile", func() bool { return strings.Contains(p.err.String(), "profile shown") })
	_, traces, _ := strings.Cut(p.err.String(), "POST \"/accounts/login/\"")
	for _, step := range []string{
		"cookie read", "user row read", "throttle: attempts are left", "authenticate(): the credentials are good", "new session created", "cookie set",
		"GET \"/accounts/profile/\"  →  200 in ", "session row read", "session loaded, its signature checked, and decoded", "the session auth hash is good", "let in", "profile shown",
	} {
		_, rest, ok := strings.Cut(traces, step)
		if !ok {
			t.Fatalf("after %q the trace lacks %q", strings.Join(strings.Split(p.err.String(), traces), ""), step)
		}
		traces = rest
	}
	for _, layer := range []string{"1 Database", "2 Session engine", "3 Middleware", "4 View", "5 Access control"} {
		if !strings.Contains(p.err.String(), "  "+layer+" ") {
			t.Errorf("the trace does not name %q", layer)
		}
	}
	if strings.Contains(p.err.String(), "forged") {
		t.Error("the trace shows the query")
	}
}
