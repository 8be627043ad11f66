package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/signing"
)

// user reads a user of the site.
func (s *explained) user(name string) *database.User {
	s.t.Helper()
	user, err := s.db.UserByUsername(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return user
}

// resetLink returns the address of a link as Django made it at that time with that key and hash.
func resetLink(u *database.User, made time.Time, key string, newHash func() hash.Hash) string {
	seconds := made.Unix() - time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	login := ""
	if !u.LastLogin.IsZero() {
		login = u.LastLogin.UTC().Format(time.DateTime)
	}
	mac := signing.SaltedHMAC(newHash, "django.contrib.auth.tokens.PasswordResetTokenGenerator",
		u.ID+u.Password.Encoded()+login+strconv.FormatInt(seconds, 10)+u.Email, key)
	half := ""
	for i, digit := range hex.EncodeToString(mac) {
		if i%2 == 0 {
			half += string(digit)
		}
	}
	return "https://a.example/accounts/reset/" + resettoken.EncodeUID(u.ID) + "/" + strconv.FormatInt(seconds, 36) + "-" + half + "/"
}

var linkInMail = regexp.MustCompile(`http://\S+/accounts/reset/\S+/`)

// TestExplainLinks: a link is good until it is used, and of each other one explain says why not. The
// site agrees.
func TestExplainLinks(t *testing.T) {
	s := newExplained(t, "--email-backend", "file", "--email-file-path", t.TempDir())
	s.p.stop()
	sent := filepath.Join(s.dir, "sent")
	s.p = start(t, s.dir, nil, "--email-backend", "file", "--email-file-path", sent)
	form := credentials("alice", "correct horse")
	form.Set("email", "alice@example.com")
	v := s.p.visitor()
	if got := v.post("/accounts/signup/", form); got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	v.post("/accounts/password_reset/", url.Values{"email": {"alice@example.com"}})
	link := linkInMail.FindString(sentTo(t, sent).Text)
	token := strings.Split(strings.TrimSuffix(link, "/"), "/")
	s.secrets = append(s.secrets, token[len(token)-1])
	alice, path := s.user("alice"), link[strings.Index(link, "/accounts/"):]
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }

	got := s.check(says{"a link", link, nil, exitOK, "reset.token_good", "sets a password for user 'alice', until"})
	if got.SignedWith != "SECRET_KEY" || got.User.ID != alice.ID || time.Until(got.Expires) > 72*time.Hour {
		t.Errorf("%+v", got)
	}
	for _, want := range []says{
		{"a path", path, nil, exitOK, "reset.token_good", ""},
		{"the two parts", token[len(token)-2] + "/" + token[len(token)-1], nil, exitOK, "reset.token_good", ""},
		{"a request", "curl '" + link + "'", nil, exitOK, "reset.token_good", ""},
		{"a token alone", token[len(token)-1], nil, exitUsage, "", ""},
		{"no database", link, []string{"--no-database"}, exitUsage, "", ""},
		{"changed", strings.TrimSuffix(link, "/") + "0/", nil, exitFailed, "reset.link_bad", "was used already"},
		{"an unknown user", strings.Replace(link, "/"+token[len(token)-2]+"/", "/OTk/", 1), nil, exitFailed, "reset.link_bad", "names no user"},
		{"opened", "/accounts/reset/" + token[len(token)-2] + "/set-password/", nil, exitFailed, "reset.link_bad", "was opened"},
		{"expired", resetLink(alice, ago(5*24*time.Hour), s.key, sha256.New), nil, exitFailed, "reset.link_bad", "the link expired 2 days ago"},
		{"not yet expired", resetLink(alice, ago(5*24*time.Hour), s.key, sha256.New), []string{"--password-reset-timeout", "864000"}, exitOK, "reset.token_good", ""},
		{"of another key", resetLink(alice, ago(time.Hour), "another key", sha256.New), nil, exitFailed, "reset.link_bad", "another key made it"},
		{"by SHA-1", resetLink(alice, ago(time.Hour), s.key, sha1.New), nil, exitFailed, "reset.link_bad", "set --accept-sha1"},
		{"SHA-1 accepted", resetLink(alice, ago(time.Hour), s.key, sha1.New), []string{"--accept-sha1"}, exitOK, "reset.token_good", ""},
	} {
		s.check(want)
	}
	browser := s.p.visitor() // opens the link, which puts the token into its session
	if got := browser.get(path, "Accept", "text/html"); got.status != http.StatusFound {
		t.Fatalf("the link: %d %s", got.status, got.body)
	}
	opened := "curl http://a.example/accounts/reset/" + token[len(token)-2] + "/set-password/ -b sessionid=" + browser.cookie("/", "sessionid")
	s.check(says{"opened, with its session", opened, nil, exitOK, "reset.token_good", "'alice'"})

	if got := v.post("/accounts/login/", form); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	s.check(says{"after a login", link, nil, exitFailed, "reset.link_bad", "after the link was made, which ends links"})
	set := url.Values{"new_password1": {"battery staple"}, "new_password2": {"battery staple"}}
	fresh := resetLink(s.user("alice"), time.Now(), s.key, sha256.New)
	s.check(says{"a fresh one", fresh, nil, exitOK, "reset.token_good", ""})
	if got := v.post(fresh[strings.Index(fresh, "/accounts/"):], set); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	s.check(says{"used", fresh, nil, exitFailed, "reset.link_bad", "was used already"})
}

// TestExplainTokens: CSRF tokens by themselves, and in requests, which the site treats alike.
func TestExplainTokens(t *testing.T) {
	s := newExplained(t, "--guard", "django")
	secret, other := csrf.NewSecret(), csrf.NewSecret()
	bad := strings.Repeat("!", csrf.SecretLength)
	for _, want := range []says{
		{"a secret", secret.Text(), nil, exitOK, "", "form of a token"},
		{"a token", secret.Token(), nil, exitOK, "", "form of a token"},
		{"a field", "csrfmiddlewaretoken=" + secret.Token(), nil, exitOK, "", ""},
		{"other characters", bad, []string{"--as", "csrf-token"}, exitFailed, "csrf.token_malformed", "it has invalid characters"},
		{"another length", "X-CSRFToken: abc", nil, exitFailed, "csrf.token_malformed", "it has incorrect length"},
	} {
		s.check(want)
	}
	key := s.tokenLogin(secret)
	s.secrets = append(s.secrets, secret.Text())
	for token, reason := range map[string]string{
		secret.Text(): "", secret.Token(): "", other.Token(): "incorrect", bad: "invalid characters", "": "CSRF token missing",
	} {
		cookies := "sessionid=" + key + "; csrftoken=" + secret.Text()
		header := "-H 'X-CSRFToken: " + token + "' "
		if token == "" {
			header = ""
		}
		want := says{"a token in a request", "curl http://127.0.0.1/accounts/profile/edit/ " + header +
			"--data-raw a=b -b '" + cookies + "'", []string{"--guard", "django"}, exitOK, "user.found", "'alice'"}
		if reason != "" {
			want.status, want.reason = exitFailed, reason
			want.code = map[string]string{
				"incorrect": "csrf.token_wrong", "invalid characters": "csrf.token_malformed", "CSRF token missing": "csrf.token_missing",
			}[reason]
		}
		s.check(want)
		headers := []string{"Cookie", cookies}
		if token != "" {
			headers = append(headers, "X-CSRFToken", token)
		}
		got := s.p.visitor().post("/accounts/profile/edit/", url.Values{"a": {"b"}}, headers...)
		if (got.status == http.StatusForbidden) != (reason != "") {
			t.Errorf("%s: the site responds with %d %s", want.reason, got.status, got.body)
		}
	}
	form := "curl https://a.example/ -b 'sessionid=" + key + "; csrftoken=" + secret.Text() + "' -d csrfmiddlewaretoken=" + secret.Token()
	s.check(says{"no Referer", form, []string{"--guard", "django"}, exitFailed, "csrf.referer_missing", "Referer checking failed - no Referer"})
	s.check(says{"a Referer", form + " -e https://a.example/x", []string{"--guard", "django"}, exitOK, "user.found", ""})
	s.check(says{
		"no cookie", "curl http://a.example/ -b sessionid=" + key + " -H 'X-CSRFToken: " + secret.Token() + "' -X POST",
		[]string{"--guard", "django"},
		exitFailed, "csrf.cookie_missing", "CSRF cookie not set",
	})
}

// tokenLogin signs alice up and in, by a token in the header, and returns the session key.
func (s *explained) tokenLogin(secret csrf.Secret) string {
	s.t.Helper()
	v := s.p.visitor()
	headers := []string{"Cookie", "csrftoken=" + secret.Text(), "X-CSRFToken", secret.Token()}
	form := credentials("alice", "correct horse")
	v.post("/accounts/signup/", form, headers...)
	got := v.post("/accounts/login/", form, headers...)
	for _, line := range got.header["Set-Cookie"] {
		if cookie, err := http.ParseSetCookie(line); err == nil && cookie.Name == "sessionid" {
			return cookie.Value
		}
	}
	s.t.Fatalf("%d %s", got.status, got.body)
	return ""
}

// TestExplainHashes: what each stored password is, and who rewrites it; no database is asked.
func TestExplainHashes(t *testing.T) {
	e := &explainer{t: t, dir: t.TempDir()}
	t.Chdir(e.dir)
	digest := strings.Repeat("c29tZXRoaW5n", 4)
	pbkdf2 := func(rounds string) string {
		return "pbkdf2_sha256$" + rounds + "$abcdefghijklmnopqrstuv$" + digest[:43] + "="
	}
	for _, want := range []says{
		{"strong", pbkdf2("1500000"), nil, exitOK, "", "a password can be compared with it"},
		{"old rounds", pbkdf2("600000"), nil, exitOK, "", "a login here rewrites it"},
		{"old rounds, never", pbkdf2("600000"), []string{"--password-update", "never"}, exitOK, "", ""},
		{"argon2", "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHRzb21lc2FsdA$" + base64.RawStdEncoding.EncodeToString(make([]byte, 32)), nil, exitOK, "", ""},
		{"md5", "md5$salt$" + strings.Repeat("0a", 16), nil, exitFailed, "password.stuck", "add it with --accept-hasher md5"},
		{"md5 accepted", "md5$salt$" + strings.Repeat("0a", 16), []string{"--accept-hasher", "md5"}, exitOK, "", "a login here rewrites it"},
		{"bare md5", strings.Repeat("0a", 16), nil, exitFailed, "password.stuck", "--accept-hasher unsalted_md5"},
		{"unknown", "rot13$hunter2hunter2hunter2$x", nil, exitFailed, "password.stuck", "unknown or not configured algorithm"},
		{"malformed", "pbkdf2_sha256$many$salt$x", nil, exitFailed, "password.stuck", "malformed hash"},
		{"beyond all bounds", pbkdf2("2000000000"), nil, exitFailed, "password.stuck", "out of bounds"},
		{"unusable", "!" + strings.Repeat("aB3", 13) + "x", nil, exitFailed, "password.unusable", "no usable password"},
	} {
		e.check(want)
	}
	rewritten := func(text string, args ...string) (all string) {
		_, report, _ := e.ask(text, args...)
		for _, step := range report.Steps[1:] {
			all += fmt.Sprintf("%s: %v, ", step.Name, strings.Contains(step.Says, "rewrite"))
		}
		return strings.TrimSuffix(all, ", ")
	}
	for text, want := range map[string]string{
		pbkdf2("600000"):  "login here: true, Django 4.2: false, Django 5.2: true, Django 6.1: true",
		pbkdf2("1500000"): "login here: false, Django 4.2: true, Django 5.2: true, Django 6.1: false",
	} {
		if got := rewritten(text); got != want {
			t.Errorf("%.25s…: %s, want %s", text, got, want)
		}
	}
	if names := files(t, e.dir); len(names) != 1 {
		t.Errorf("explaining made %v", names)
	}
}

// TestExplainSigned: signed texts of other purposes, hashes and times.
func TestExplainSigned(t *testing.T) {
	s := newExplained(t)
	row := s.row(s.login("alice"))
	data := s.sign(s.key, "", row.Data, nil)
	signed := func(salt string, newHash func() hash.Hash) string {
		signer, err := signing.NewTimestamp(signing.Config{Key: s.key, Salt: salt, Hash: newHash})
		if err != nil {
			t.Fatal(err)
		}
		return signer.DumpsText(`{"a":1}`, false)
	}
	json := `{"_auth_user_id":"1"}`
	legacy := func(key string) string {
		mac := signing.SaltedHMAC(sha1.New, "django.contrib.sessionsSessionStore", json, key)
		return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(mac) + ":" + json))
	}
	cookies := []string{"--session-engine", "signed_cookies"}
	cookie := signed(cookiestore.Salt, sha256.New)
	for _, want := range []says{
		{"session data", data, nil, exitOK, "user.found", ""},
		{"that of a cookie", cookie, nil, exitFailed, "session.missing", "a session of the engine signed_cookies"},
		{"that of a cookie, asked as data", cookie, cookies, exitFailed, "user.anonymous", ""},
		{"session data, asked as a cookie", data, cookies, exitOK, "user.found", ""},
		{"session data in a cookie", "Cookie: sessionid=" + data, cookies, exitFailed, "session.missing", "the engines db, cached_db and file"},
		{"a cookie at another engine", "Cookie: sessionid=" + cookie, nil, exitFailed, "session.missing", "set --session-engine signed_cookies"},
		{"a text for loads", signed(signing.DumpsSalt, sha256.New), nil, exitFailed, "session.bad_signature", "django.core.signing.dumps"},
		{"by SHA-1", signed(sessions.DefaultSalt, sha1.New), nil, exitFailed, "session.bad_signature", "set --accept-sha1"},
		{"SHA-1 accepted", signed(sessions.DefaultSalt, sha1.New), []string{"--accept-sha1"}, exitFailed, "user.anonymous", ""},
		{"before Django 3.1", legacy(s.key), nil, exitFailed, "session.bad_signature", "Django before 3.1, by SECRET_KEY"},
		{"before Django 3.1, another key", legacy("x"), nil, exitFailed, "session.bad_signature", "by a key that is not configured"},
		{"changed", "x" + data, nil, exitFailed, "session.bad_signature", "the text was changed"},
		{"changed cookie", "x" + cookie, cookies, exitFailed, "session.missing", "the text was changed"},
	} {
		s.check(want)
	}
}

// TestExplainCanary: nothing that is secret shows, wherever a request or a session has it.
func TestExplainCanary(t *testing.T) {
	s := newExplained(t)
	row := s.row(s.login("alice"))
	const canary = "CANARY"
	s.secrets = append(s.secrets, canary)
	held := s.insert(s.sign(s.key, "", row.Data, map[string]string{
		"api_token": `"CANARY"`, "_password_reset_token": `"CANARY"`, "_csrftoken": `"CANARY"`, "_auth_user_hash": `"CANARY"`,
	}))
	s.check(says{"in a session", held, nil, exitFailed, "user.hash_mismatch", ""})
	curl := "curl 'http://root:CANARY@127.0.0.1/x?token=CANARY#CANARY' -u root:CANARY -H 'Authorization: Bearer CANARY' " +
		"-e http://a.example/?q=CANARY -A CANARY -H 'X-CSRFToken: CANARY' -H 'X-Remote-User: CANARY' --data-raw 'password=CANARY' "
	for _, want := range []says{
		{"in a request", curl + "-b 'sessionid=" + row.Key + "; other=CANARY; csrftoken=CANARY'", nil, exitOK, "user.found", ""},
		{"in a refused one", curl + "-b 'sessionid=" + row.Key + "; csrftoken=CANARY'", []string{"--guard", "django"}, exitFailed, "csrf.cookie_malformed", ""},
		{"in cookies", "Cookie: sessionid=CANARYCANARYCANARYCANARY; other=CANARY", nil, exitFailed, "session.missing", ""},
		{"in a short key", "Cookie: sessionid=CANARY", nil, exitFailed, "session.none", ""},
		{"in a hash", "CANARY$CANARY$CANARY", nil, exitFailed, "password.stuck", ""},
		{"in a token", "X-CSRFToken: CANARY", nil, exitFailed, "csrf.token_malformed", ""},
		{"in a link", "https://a.example/CANARY/" + resetToken + "/?next=CANARY", nil, exitFailed, "reset.link_bad", ""},
		{"in no thing", "my password is CANARY", nil, exitUsage, "", ""},
		{"in a broken command", "curl 'http://a.example/CANARY", nil, exitUsage, "", ""},
	} {
		s.check(want)
	}
	if words, _, status := s.ask("", "CANARY", "CANARY"); status != exitUsage {
		t.Errorf("as arguments: %d %s", status, words)
	}
}

// resetToken has the form of one.
const resetToken = "d0e1f2-0123456789abcdef0123456789abcdef"
