package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/explain"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// explainer asks coatcheck explain in the folder of a server.
type explainer struct {
	t       *testing.T
	dir     string
	secrets []string // what no output may have
}

// ask returns what explain prints of a text, in words and in JSON, and the exit status.
func (e *explainer) ask(text string, args ...string) (words string, report explain.Report, status int) {
	e.t.Helper()
	in, err := os.Create(filepath.Join(e.dir, "asked"))
	if err != nil {
		e.t.Fatal(err)
	}
	defer in.Close()
	if _, err := in.WriteString(text); err != nil {
		e.t.Fatal(err)
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		e.t.Fatal(err)
	}
	var out, errs output
	status = run(&console.Console{In: in, Out: &out, Err: &errs}, slices.Concat([]string{"explain", "--json"}, args))
	e.look(text, out.String()+errs.String())
	if status == exitUsage {
		return errs.String(), report, status
	}
	if err := json.Unmarshal([]byte(out.String()), &report); err != nil {
		e.t.Fatalf("%v\n%s%s", err, &out, &errs)
	}
	var plain output // as without --json; TestExplainPage compares
	if err := printReport(&plain, &report); err != nil {
		e.t.Fatal(err)
	}
	e.look(text, plain.String())
	return plain.String() + errs.String(), report, status
}

// long are the parts of a text that may be secrets: those that nobody reads.
var long = regexp.MustCompile(`[A-Za-z0-9_+/-]{24,}`)

// look finds secrets in an output: those that are known, and the long parts of the input.
func (e *explainer) look(text, out string) {
	e.t.Helper()
	for _, secret := range append(long.FindAllString(text, -1), e.secrets...) {
		if strings.Contains(out, secret) {
			e.t.Errorf("the output shows %.6s…:\n%s", secret, out)
		}
	}
}

// says is what explain is to say of something.
type says struct {
	what   string
	text   string
	args   []string
	status int
	code   string
	reason string // or a part of it
}

// check asks and compares.
func (e *explainer) check(want says) explain.Report {
	e.t.Helper()
	words, got, status := e.ask(want.text, want.args...)
	if status != want.status || string(got.Code) != want.code || !strings.Contains(got.Reason+" "+got.Remedy, want.reason) {
		e.t.Errorf("%s: %d, want %d %s %q:\n%s", want.what, status, want.status, want.code, want.reason, words)
	}
	if got.Valid != (status == exitOK) || !strings.Contains(words, got.Reason) {
		e.t.Errorf("%s: %d and %v, and in words:\n%s", want.what, status, got.Valid, words)
	}
	e.steps(want, got, words)
	return got
}

// steps reports whether exactly one step failed of what is not valid, the last one.
func (e *explainer) steps(want says, got explain.Report, words string) {
	e.t.Helper()
	all := got.Steps
	for _, part := range got.Parts {
		if part.Reason == got.Reason {
			all = append(all, part.Steps...)
		}
	}
	for i, step := range all {
		if last := i == len(all)-1; step.OK == (last && want.status == exitFailed) {
			e.t.Errorf("%s: the step %s is %v:\n%s", want.what, step.Name, step.OK, words)
		}
	}
}

// explained is a site with users who are signed in, for explain.
type explained struct {
	*explainer
	p     *process
	where testenv.Database
	db    *database.DB
	keys  map[string]string // of sessions, by user
	key   string            // SECRET_KEY
}

func newExplained(t *testing.T, flags ...string) *explained {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("COATCHECK_PASSWORD_ITERATIONS", "1000")
	s := &explained{
		explainer: &explainer{t: t, dir: dir}, p: start(t, dir, nil, flags...), keys: map[string]string{},
		where: testenv.Database{Engine: "sqlite3", Name: filepath.Join(dir, "coatcheck.db")},
	}
	s.db = openDatabase(t, s.where)
	key, err := os.ReadFile(filepath.Join(dir, "coatcheck.secret"))
	if err != nil {
		t.Fatal(err)
	}
	s.key = strings.TrimSpace(string(key))
	s.secrets = append(s.secrets, s.key)
	return s
}

// login signs a user up and in, and returns the session key.
func (s *explained) login(name string) string {
	s.t.Helper()
	s.keys[name] = s.p.visitor().enter(name, "correct horse")
	s.secrets = append(s.secrets, s.keys[name])
	user, err := s.db.UserByUsername(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.secrets = append(s.secrets, user.Password.Encoded())
	return s.keys[name]
}

// row is the row of a session.
func (s *explained) row(key string) database.Session {
	s.t.Helper()
	row, err := s.db.SessionByKey(s.t.Context(), key, time.Unix(0, 0))
	if err != nil {
		s.t.Fatal(err)
	}
	return *row
}

// insert adds a row with that session data and returns its key.
func (s *explained) insert(data string) string {
	s.t.Helper()
	key := sessions.NewKey()
	row := database.Session{Key: key, Data: data, Expires: time.Now().Add(time.Hour)}
	if err := s.db.InsertSession(s.t.Context(), row); err != nil {
		s.t.Fatal(err)
	}
	return key
}

// sign returns session data with other values, signed by a key.
func (s *explained) sign(key string, serializer sessions.Serializer, from string, set map[string]string) string {
	s.t.Helper()
	own, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: s.key}})
	if err != nil {
		s.t.Fatal(err)
	}
	data, err := own.Decode(from)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range set {
		if err := data.Set(name, value); err != nil {
			s.t.Fatal(err)
		}
	}
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: key}, Serializer: serializer})
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := codec.Encode(data)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// agrees reports that the site and explain say the same of a session key: the site is asked last,
// since it ends what is not good.
func (s *explained) agrees(want says) {
	s.t.Helper()
	got := s.check(want)
	status := s.p.visitor().get("/api/profile", "Cookie", "sessionid="+want.text).status
	if (status == http.StatusOK) != got.Valid {
		s.t.Errorf("%s: the site responds with %d, and explain says %s", want.what, status, got.Code)
	}
}

// TestExplainSessions: for each reason why a session signs somebody in or nobody, explain names the
// code, and agrees with the site.
func TestExplainSessions(t *testing.T) {
	s := newExplained(t)
	for _, name := range []string{"alice", "bob", "carol", "dora", "eve", "fred"} {
		s.login(name)
	}
	ctx, good := t.Context(), s.row(s.keys["alice"])

	// what happened to them
	bob := s.p.visitor()
	bob.post("/accounts/login/", credentials("bob", "correct horse"))
	changed := bob.post("/accounts/password_change/", url.Values{
		"old_password": {"correct horse"}, "new_password1": {"battery staple"}, "new_password2": {"battery staple"},
	})
	if changed.status != http.StatusOK {
		t.Fatalf("the password is not changed: %d %s", changed.status, changed.body)
	}
	carol, dora, eve := s.row(s.keys["carol"]), s.row(s.keys["dora"]), s.row(s.keys["eve"])
	if out, errs, status := command(t, s.dir, "logout", "carol"); status != exitOK {
		t.Fatalf("%s%s", out, errs)
	}
	if out, errs, status := command(t, s.dir, "deactivate", "dora"); status != exitOK {
		t.Fatalf("%s%s", out, errs)
	}
	user, err := s.db.UserByUsername(ctx, "eve")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.DeleteUser(ctx, user.ID); err != nil {
		t.Fatal(err)
	}
	statement(t, s.where, "UPDATE django_session SET expire_date = ? WHERE session_key = ?",
		time.Now().UTC().Add(-73*time.Hour).Format("2006-01-02 15:04:05"), s.keys["fred"])

	const secondBackend = "mysite.auth.EmailBackend"
	set := func(name, value string) string {
		return s.sign(s.key, sessions.JSONSerializer, good.Data, map[string]string{name: value})
	}
	other := s.insert(set("_auth_user_backend", `"`+secondBackend+`"`))
	nobody := s.insert(s.sign(s.key, "", s.sign(s.key, "", good.Data, nil), map[string]string{"_auth_user_id": "null"}))
	pickled := s.insert(s.sign(s.key, sessions.PickleSerializer, good.Data, nil))
	began := s.insert(set("_coatcheck_began", fmt.Sprint(time.Now().Add(-2*time.Hour).Unix())))
	foreign := s.insert(s.sign("a key of another site that is long enough", "", good.Data, nil))
	changedData := []byte(good.Data)
	changedData[len(changedData)-5] ^= 1

	for _, want := range []says{
		{"good", s.keys["alice"], nil, exitOK, "user.found", "user 'alice' is signed in"},
		{"by SHA-1 hashes too", s.keys["alice"], []string{"--accept-sha1"}, exitOK, "user.found", "'alice'"},
		{"password changed", s.keys["bob"], nil, exitFailed, "user.hash_mismatch", "the password was changed after this login"},
		{"logged out", s.keys["carol"], nil, exitFailed, "session.missing", "it was logged out or ended"},
		{"ended", s.insert(carol.Data), nil, exitFailed, "user.ended", "was ended with the others of the user"},
		{"inactive", s.insert(dora.Data), nil, exitFailed, "user.inactive", "coatcheck activate dora"},
		{"deleted", s.insert(eve.Data), nil, exitFailed, "user.gone", "there is no user with the ID " + user.ID},
		{"expired", s.keys["fred"], nil, exitFailed, "session.expired", "the session expired 3 days ago"},
		{"unknown", sessions.NewKey(), nil, exitFailed, "session.missing", "there is no session of this key in the table django_session"},
		{"nobody's", nobody, nil, exitFailed, "user.anonymous", "nobody is signed in"},
		{"a login that waits", s.insert(s.sign(s.key, "", good.Data, map[string]string{"_auth_user_id": "null", "_coatcheck_pending": "{}"})), nil, exitFailed, "user.anonymous", "a login waits for its next step"},
		{"no backend", s.insert(set("_auth_user_backend", "null")), nil, exitFailed, "user.anonymous", "names a user and no backend"},
		{"a hash by SHA-1", s.insert(set("_auth_user_hash", `"`+strings.Repeat("0a", 20)+`"`)), nil, exitFailed, "user.hash_mismatch", "set --accept-sha1"},
		{"no hash", s.insert(set("_auth_user_hash", `""`)), nil, exitFailed, "user.hash_mismatch", "the session has no hash"},
		{"another backend", other, nil, exitFailed, "user.backend_unknown", "add it with --authentication-backend " + secondBackend},
		{"changed", s.insert(string(changedData)), nil, exitFailed, "session.bad_signature", "another SECRET_KEY, or the text was changed"},
		{"cut", s.insert(good.Data[:len(good.Data)-9]), nil, exitFailed, "session.bad_signature", "34 characters instead of 43"},
		{"no signed text", s.insert("coat"), nil, exitFailed, "session.bad_signature", "not the form of a signed text"},
		{"another key", foreign, nil, exitFailed, "session.bad_signature", "--secret-key-fallbacks-file"},
		{"another serializer", pickled, nil, exitFailed, "session.corrupt", "set --session-serializer pickle"},
	} {
		s.agrees(want)
	}
	s.notes(good, other, pickled, began, foreign)
	s.shapes(good)
}

// notes are cases that depend on settings.
func (s *explained) notes(good database.Session, other, pickled, began, foreign string) {
	fallbacks := filepath.Join(s.dir, "former")
	if err := os.WriteFile(fallbacks, []byte("a former key that nobody has\n"+s.key+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	present := filepath.Join(s.dir, "present")
	if err := os.WriteFile(present, []byte(strings.Repeat("another key ", 5)), 0o600); err != nil {
		s.t.Fatal(err)
	}
	rotated := []string{"--secret-key-file", present, "--secret-key-fallbacks-file", fallbacks}
	got := s.check(says{"a former key", good.Key, rotated, exitOK, "user.found_by_old_key", "which the next request renews"})
	if got.SignedWith != "SECRET_KEY_FALLBACKS[1]" || got.User.Username != "alice" || got.Expires.IsZero() {
		s.t.Errorf("a former key: %+v", got)
	}
	for _, want := range []says{
		{"a key too few", good.Key, rotated[:2], exitFailed, "session.bad_signature", "--secret-key-fallbacks-file"},
		{"a second backend", other, []string{"--authentication-backend", modelBackend, "--authentication-backend", "mysite.auth.EmailBackend"}, exitOK, "user.found", ""},
		{"inactive, allowed", s.allowed(good), []string{"--authentication-backend", allowAll}, exitOK, "user.found", "'dora'"},
		{"a pickle", pickled, []string{"--session-serializer", "pickle"}, exitOK, "user.found", ""},
		{"no pickle", good.Key, []string{"--session-serializer", "pickle"}, exitFailed, "session.corrupt", "set --session-serializer json"},
		{"too old", began, []string{"--session-max-age", "3600"}, exitFailed, "user.too_old", "it was 2 hours ago"},
		{"young enough", began, []string{"--session-max-age", "9000"}, exitOK, "user.found", ""},
		{"another database", good.Key, []string{"--no-database"}, exitUsage, "", ""},
		{"a key of another engine", good.Key, []string{"--session-engine", "file", "--session-file-path", s.dir}, exitFailed, "session.missing", "set --session-engine db"},
		{"session data", good.Data, nil, exitOK, "user.found", "'alice'"},
		{"session data, no database", good.Data, []string{"--no-database"}, exitOK, "session.loaded", "only the database knows"},
		{"its backend, no database", s.row(other).Data, []string{"--no-database"}, exitFailed, "user.backend_unknown", ""},
		{"session data, too old", good.Data, []string{"--session-cookie-age", "1"}, exitFailed, "session.expired", "the session expired"},
		{"session data of another key", s.row(foreign).Data, nil, exitFailed, "session.bad_signature", ""},
	} {
		if want.what == "session data, too old" {
			wait(s.t, "two seconds of the session", func() bool { return time.Since(s.signed(good.Data)) > 1100*time.Millisecond })
		}
		s.check(want)
	}
}

// Django's backends.
const (
	modelBackend = "django.contrib.auth.backends.ModelBackend"
	allowAll     = "django.contrib.auth.backends.AllowAllUsersModelBackend"
)

// allowed is a session of the inactive user by a backend that allows it.
func (s *explained) allowed(from database.Session) string {
	s.t.Helper()
	dora := s.user("dora")
	mac := signing.SaltedHMAC(sha256.New,
		"django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", dora.Password.Encoded(), s.key)
	ending, err := own.New(s.db).Ending(s.t.Context(), dora.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.insert(s.sign(s.key, "", from.Data, map[string]string{
		"_auth_user_id": `"` + dora.ID + `"`, "_auth_user_backend": `"` + allowAll + `"`,
		"_auth_user_hash": `"` + hex.EncodeToString(mac) + `"`, "_coatcheck_ending": fmt.Sprint(ending),
	}))
}

// signed is when session data was signed.
func (s *explained) signed(data string) time.Time {
	signer, err := signing.NewTimestamp(signing.Config{Key: s.key, Salt: sessions.DefaultSalt})
	if err != nil {
		s.t.Fatal(err)
	}
	_, at, err := signer.Unsign(data)
	if err != nil {
		s.t.Fatal(err)
	}
	return at
}

// shapes are a session key in other forms, and what has none.
func (s *explained) shapes(good database.Session) {
	for _, want := range []says{
		{"a header", "Cookie: theme=dark; sessionid=" + good.Key, nil, exitOK, "user.found", "'alice'"},
		{"what a site sets", "Set-Cookie: sessionid=" + good.Key + "; Path=/; HttpOnly", nil, exitOK, "user.found", "'alice'"},
		{"another name", "Cookie: sid=" + good.Key, nil, exitFailed, "session.none", "none is named sessionid, and there are sid"},
		{"that name", "Cookie: sid=" + good.Key, []string{"--session-cookie-name", "sid"}, exitOK, "user.found", ""},
		{"no cookie", "curl http://a.example/", nil, exitFailed, "session.none", "there are no others"},
		{"a short key", "Cookie: sessionid=abc", nil, exitFailed, "session.none", "less than 8"},
		{"a short key as such", "abc", []string{"--as", "session-key"}, exitFailed, "session.none", "less than 8"},
		{"an odd key", strings.ToUpper(good.Key), []string{"--as", "session-key"}, exitFailed, "session.missing", ""},
		{"a request", "curl 'http://a.example/' -b 'sessionid=" + good.Key + "'", nil, exitOK, "user.found", "'alice'"},
		{"another site's form", "curl http://a.example/ -H 'Origin: https://evil.example' -H 'Sec-Fetch-Site: cross-site' " +
			"-b sessionid=" + good.Key + " -d a=b", nil, exitFailed, "origin.refused", "--trusted-origin"},
		{"another host", "curl http://a.example/ -b sessionid=" + good.Key, []string{"--allowed-host", "b.example"}, exitFailed, "host.refused", "--allowed-host"},
		{"http", "curl http://a.example/ -b sessionid=" + good.Key, []string{"--secure-ssl-redirect", "--allowed-host", "*"}, exitFailed, "https.redirected", ""},
		{"https", "curl https://a.example/ -b sessionid=" + good.Key, []string{"--secure-ssl-redirect", "--allowed-host", "*"}, exitOK, "user.found", ""},
		{"nothing", " ", nil, exitUsage, "", ""},
		{"no thing", "hunter2", nil, exitUsage, "", ""},
		{"too much", strings.Repeat("a ", explain.MaxInput), nil, exitUsage, "", ""},
	} {
		s.check(want)
	}
	words, _, _ := s.ask("Cookie: sessionid=" + sessions.NewKey() + "; sessionid=" + good.Key)
	if !strings.Contains(words, "sessionid is there 2 times") {
		s.t.Errorf("two cookies:\n%s", words)
	}
	for _, args := range [][]string{{good.Key}, {"Cookie:", "sessionid=" + good.Key}} {
		words, _, status := s.ask("", args...)
		if status != exitUsage || !strings.Contains(words, "comes from standard input or a file") || strings.Contains(words, good.Key) {
			s.t.Errorf("as an argument: %d\n%s", status, words)
		}
	}
}
