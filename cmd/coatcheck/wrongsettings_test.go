package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/console"
)

// wrong is a value of a flag that cannot work, or that is a risk.
type wrong struct {
	flag  string
	value string
	with  string // other flags that it takes to be looked at, divided by spaces
	says  string // a part of the sentence
	seen  seen
}

// seen is who says so.
type seen int

const (
	refuses   seen = iota // serve does not start; check finds an error
	serveOnly             // serve does not start; check looks at no network and no database
	warned                // serve warns, and check --deploy
	deploy                // check --deploy warns
)

// mailed are the flags of a site that sends emails.
const mailed = "--email-backend=smtp --base-url=https://a.example"

// wrongSettings has a row for every flag of serve that can be wrong.
var wrongSettings = []wrong{
	{"addr", "127.0.0.1:99999", "", "write a number up to 65535", refuses},
	{"addr", ":0", "", "--addr is open to the network", deploy},
	{"allowed-host", "https://a.example", "", "write a host without scheme", refuses},
	{"allowed-redirect-host", "https://a.example", "", "it must be a host name", refuses},
	{"allowed-host", "*", "", "--allowed-host is *", deploy},
	{"accept-hasher", "rot13", "", "must be one of", refuses},
	{"argon2-time-cost", "-1", "", "is -1; it must be positive", refuses},
	{"argon2-memory-cost", "-1", "", "is -1; it must be positive", refuses},
	{"argon2-parallelism", "-1", "", "is -1; it must be positive", refuses},
	{"argon2-hash-length", "-1", "", "is -1; it must be positive", refuses},
	{"bcrypt-rounds", "99", "", "an --argon2-, --bcrypt- or --scrypt- flag cannot be: password: bcrypt", refuses},
	{"audit-days", "-1", "", "--audit-days is -1; give a number of days from 0", refuses},
	{"metrics-addr", "9100", "", "--metrics-addr is \"9100\"; write HOST:PORT", refuses},
	{"device-bound", "1ms", "", "devicebound: Options.Life (--device-bound)", refuses},
	{"oidc", "Example=https://login.example.com", "", "write a name of lowercase letters", refuses},
	{"oidc", "example=https://login.example.com", "", "has no client ID (--oidc-client-id)", refuses},
	{"oidc", "example=http://login.example.com", "--oidc-client-id=example=1", "it must begin with https://", refuses},
	{"oidc-client-id", "example=1", "", "--oidc-client-id names no provider", refuses},
	{"oidc-client-secret-file", "example=DIR/absent", "--oidc=example=https://login.example.com", "--oidc-client-secret-file", refuses},
	{"oidc-label", "other=Other", "--oidc=example=https://login.example.com", "--oidc-label names no provider", refuses},
	{"oidc-signup", "true", "", "--oidc-signup needs a provider", refuses},
	{"passkey-origin", "https://www.example.org", "", "--passkey-origin", refuses},
	{"passkey-rp-id", "https://example.com", "", "write a domain in lowercase", refuses},
	{"authentication-backend", "nonsense", "", "is not the dotted path of a backend", refuses},
	{"base-url", "www.example.com", mailed, "write it as https://www.example.com", refuses},
	{"base-url", "http://www.example.com", "", "--base-url begins with http://", deploy},
	{"cache", "http://127.0.0.1", "--session-engine=cache", "--cache: write redis://", refuses},
	{"cache-pickle", "3", "", "must be one of", refuses},
	{"cache-version", "one", "", "expected a valid", refuses},
	{"csrf-cookie-age", "-1", "", "--csrf-cookie-age is -1; it must be from 0", refuses},
	{"csrf-cookie-domain", "a;b", "--guard=django", "illegal cookie: csrftoken: path or domain", refuses},
	{"csrf-cookie-name", "a b", "--guard=django", "illegal cookie: the name", refuses},
	{"csrf-cookie-path", "/elsewhere/", "--guard=django", "does not lead to the account pages", refuses},
	{"csrf-cookie-samesite", "sometimes", "", "must be one of", refuses},
	{"language-cookie-age", "-1", "", "--language-cookie-age is -1; it must be from 0", refuses},
	{"language-cookie-domain", "a;b", "", "would not send the language cookie back: the domain", refuses},
	{"language-cookie-name", "messages", "", "is that of the messages cookie", refuses},
	{"language-cookie-path", "/elsewhere/", "", "does not lead to the account pages", refuses},
	{"language-cookie-samesite", "None", "", "SameSite=None needs Secure", refuses},
	{"csrf-header-name", "X CSRF", "--guard=django", "is no name of a header", refuses},
	{"database", "oracle:x", "", "begins with none of sqlite:, postgres:// and mysql://", refuses},
	{"create", "true", "--no-create", "--create and --no-create contradict each other", refuses},
	{"database", "sqlite:none.db", "", "correct --database, or make the file by --create", refuses},
	{"database", "sqlite:none/x.db", "--create", "does not exist; make it first", serveOnly},
	{"default-from-email", "nobody", "", "it is not one address, such as alice@example.com", refuses},
	{"email-backend", "pigeon", "", "must be one of", refuses},
	{"email-backend", "console", "--trusted-proxy=127.0.0.1", "links by which anybody can set a new password", warned},
	{"email-file-path", "", "--email-backend=file", "--email-backend file needs --email-file-path", refuses},
	{"email-host", "mail server", mailed, "is no name of a server", refuses},
	{"email-host-user", "ada", mailed, "go together; give both or neither", refuses},
	{"email-host-password-file", "none", mailed, "the password of the mail server cannot be read", refuses},
	{"email-port", "99999", mailed, "give one of 1 to 65535", refuses},
	{"email-timeout", "-1", mailed, "--email-timeout is -1; it must be from 0", refuses},
	{"email-tls", "sometimes", "", "must be one of", refuses},
	{"guard", "dog", "", "must be one of", refuses},
	{"log-format", "xml", "", "must be one of", refuses},
	{"log-level", "loud", "", "unknown name", refuses},
	{"login-redirect-url", "javascript:alert(1)", "", "Config.LoginRedirectURL: safeurl: invalid login URL", refuses},
	{"login-by", "phone", "", "--login-by must be one of", refuses},
	{"login-url", "javascript:alert(1)", "", "Config.LoginURL: safeurl: invalid login URL", refuses},
	{"logout-redirect-url", "javascript:alert(1)", "", "Config.LogoutRedirectURL: safeurl: invalid login URL", refuses},
	{"password-hasher", "md5", "", "must be one of", refuses},
	{"password-iterations", "0", "", "--password-iterations is 0; it must be positive", refuses},
	{"password-iterations", "1000", "", "--password-iterations is less than Django's newest default", deploy},
	{"password-reset-timeout", "0", "", "--password-reset-timeout is 0; it must be from 1", refuses},
	{"password-update", "always", "", "only-up, exact, never", refuses},
	{"pwned-filter", "none", "", "open none: no such file", refuses},
	{"remote-user-header", "X User", "--trusted-proxy=127.0.0.1", "is no name of a header", refuses},
	{"remote-user-trusted", "here", "--remote-user-header=X-User", "it must be an address such as", refuses},
	{"scrypt-block-size", "-1", "", "is -1; it must be positive", refuses},
	{"scrypt-parallelism", "-1", "", "is -1; it must be positive", refuses},
	{"scrypt-work-factor", "-1", "", "is -1; it must be positive", refuses},
	{"secret-key-fallbacks-file", "none", "", "--secret-key-fallbacks-file: stat none: no such file", refuses},
	{"secret-key-file", "none", "", "--secret-key-file: there is no file", refuses},
	{"secret-key-file", "DIR/weak", "", "The secret key has less than 50 characters", deploy},
	{"secure-content-type-nosniff", "false", "", "lets browsers guess the types", deploy},
	{"secure-cross-origin-opener-policy", "open", "", "known are same-origin", refuses},
	{"secure-hsts-include-subdomains", "false", "--secure-hsts-seconds=3600", "--secure-hsts-include-subdomains is not set", deploy},
	{"secure-hsts-preload", "false", "--secure-hsts-seconds=3600", "--secure-hsts-preload is not set", deploy},
	{"secure-hsts-seconds", "-1", "", "--secure-hsts-seconds is -1; it must be from 0", refuses},
	{"secure-hsts-seconds", "0", "", "--secure-hsts-seconds is not set", deploy},
	{"secure-proxy-ssl-header", "X Proto", "--trusted-proxy=127.0.0.1", "is no name of a header", refuses},
	{"secure-redirect-exempt", "(", "--secure-ssl-redirect --allowed-host=a.example", "error parsing regexp", refuses},
	{"secure-referrer-policy", "never", "", "known are no-referrer", refuses},
	{"secure-referrer-policy", "omit", "", "--secure-referrer-policy is omit", deploy},
	{"secure-referrer-policy", "no-referrer", "", "browsers send Origin: null with forms", deploy},
	{"secure-ssl-host", "https://a.example/", "--secure-ssl-redirect", "write a host, perhaps with a port", refuses},
	{"secure-ssl-redirect", "true", "--allowed-host=a.example", "leads in circles", deploy},
	{"require-factor", "sms", "", "must be one of", refuses},
	{"require-factor-group", "Editors", "", "there is no group \"Editors\"", serveOnly},
	{"recent-proof", "-1s", "", "--recent-proof is -1; it must be from 0", refuses},
	{"recent-proof", "100ms", "", "it needs a second at least", refuses},
	{"trust-device-days", "401", "", "must be from 0 to 400 days", refuses},
	{"session-cookie-age", "0", "", "--session-cookie-age is 0; it must be from 1", refuses},
	{"refuse-login-if", "mfa", "", "is not TABLE.COLUMN", refuses},
	{"refuse-login-if", "mfa.user_id", "", "no such table: mfa", serveOnly},
	{"refuse-login-unless", "mfa", "", "is not TABLE.COLUMN", refuses},
	{"script-name", "auth", "", "is no path; write it as in /auth", refuses},
	{"session-serializer", "yaml", "", "must be one of", refuses},
	{"session-memory", "-1", "", "--session-memory is -1; give megabytes from 1", refuses},
	{"session-memory", "64", "--session-engine=file", "--session-memory: the session engine file does not tell", refuses},
	{"session-max-age", "-1", "", "--session-max-age is -1; it must be from 0", refuses},
	{"site-accent", "#ffcc00", "", "is 1.35:1; text needs 4.5:1 (WCAG 2, 1.4.3). The nearest shade that has it is #876c00", refuses},
	{"site-accent", "teal", "", "write a colour such as #14655d", refuses},
	{"site-logo", "none.svg", "", "--site-logo: open none.svg: no such file", refuses},
	{"site-logo", "DIR/key", "", "is none of SVG, PNG and WebP", refuses},
	{"site-logo", "DIR/script.svg", "", "is an SVG with <script>", refuses},
	{"site-support", "http://a.example/", "", "write an address such as https://shop.example/help/", refuses},
	{"socket-mode", "999", "--addr=unix:coatcheck.sock", "write a mode in octal", refuses},
	{"home", "none.html", "", "--home: open none.html: no such file", refuses},
	{"home", "DIR/broken-home/home.html", "", "template home.html: template: home.html:1: unexpected {{end}}", refuses},
	{"home", "ftp://a.example/", "", "such as https://shop.example/", refuses},
	{"home", "/", "", "redirected without end", refuses},
	{"home", "//a.example/", "", "one slash in front", refuses},
	{"home", "shop", "", "a file whose name ends in .html", refuses},
	{"session-cookie-domain", "a;b", "", "illegal cookie: sessionid: path or domain", refuses},
	{"session-cookie-httponly", "false", "", "--no-session-cookie-httponly lets scripts read", deploy},
	{"session-cookie-name", "a b", "", "illegal cookie: the name", refuses},
	{"session-cookie-path", "/a;b", "", "illegal cookie: sessionid: path or domain", refuses},
	{"session-cookie-samesite", "None", "", "browsers would not send the session cookie back: SameSite=None needs Secure", refuses},
	{"session-cookie-samesite", "sometimes", "", "must be one of", refuses},
	{"session-cookie-secure", "false", "", "--session-cookie-secure is not set", deploy},
	{"csrf-cookie-secure", "false", "", "--csrf-cookie-secure is not set", deploy},
	{"session-engine", "cache", "", "--session-engine cache needs --cache", refuses},
	{"session-engine", "signed_cookies", "", "keeps sessions with the visitors", deploy},
	{"session-file-path", "none", "--session-engine=file", "is not a folder", refuses},
	{"session-file-path", "DIR/open", "--session-engine=file", "other users of this system can enter", warned},
	{"stop-delay", "-1s", "", "--stop-delay is -1; it must be from 0", refuses},
	{"templates", "none", "", "--templates: open none: no such file", refuses},
	{"templates", "DIR/broken", "", "template login.html: template: login.html:2: unexpected {{end}}", refuses},
	{"templates", "DIR/broken-emails", "", "email template invitation.txt: template: invitation.txt:3: ", refuses},
	{"throttle", "sometimes", "", "must be one of", refuses},
	{"throttle", "off", "", "--throttle is off", deploy},
	{"throttle-account", "none", "", "write it as in 10/20m", refuses},
	{"throttle-address", "0/1s", "", "it must be 1 to 1,000,000", refuses},
	{"throttle-device", "5", "", "write it as in 10/20m", refuses},
	{"time-zone", "Mars/Olympus", "--no-use-tz", `there is no zone "Mars/Olympus"`, refuses},
	{"inspect", "true", "", "--inspect shows", deploy},
	{"trace", "true", "", "--trace prints", deploy},
	{"trusted-origin", "app.example", "", "scheme is required", refuses},
	{"trusted-proxy", "proxy", "", "it must be an address such as", refuses},
	{"trusted-proxy", "0.0.0.0/0", "", "names all addresses", deploy},
	{"user-field", "is_staff:boolean", "", "has a name that Django or the pages use already", refuses},
	{"user-field", "company:line", "", "it must be one of text, integer", refuses},
	{"user-id", "text", "", "must be one of", refuses},
	{"user-table", "accounts_member", "", "does not fit the UserModel", serveOnly},
	{"validate-passwords", "false", "", "takes passwords that are guessed first", deploy},
	{"x-frame-options", "ALLOW", "", "known are DENY, SAMEORIGIN, omit", refuses},
	{"x-frame-options", "omit", "", "may show these pages in a frame", deploy},
}

// neverWrong are the flags that have no value which is wrong by itself, or whose value the
// database or the cache alone can judge.
var neverWrong = map[string]string{
	"accept-sha1": "yes or no", "cached-db-read-rows": "yes or no", "cache-cluster": "yes or no",
	"language-cookie-httponly": "yes or no", "log-flow": "yes or no", "no-passkeys": "yes or no", "language-cookie-secure": "yes or no",
	"csrf-cookie-httponly": "yes or no", "csrf-cookie-masked": "yes or no", "csrf-use-sessions": "yes or no",
	"delete-closed": "yes or no", "docs": "yes or no", "log-requests": "yes or no", "no-create": "yes or no",
	"remote-user-persistent": "yes or no", "session-expire-at-browser-close": "yes or no",
	"session-save-every-request": "yes or no", "login-after-signup": "yes or no", "signup-closed": "yes or no", "signup-invitation": "yes or no",
	"signup-verification": "yes or no", "use-tz": "yes or no", "use-x-forwarded-host": "yes or no",
	"use-x-forwarded-port": "yes or no", "use-x-forwarded-prefix": "yes or no",
	"cache-key-prefix": "any text", "secure-proxy-ssl-value": "any text", "site-name": "any text",
	"cache-sentinel": "a name that the Sentinels know",
	"user-column":    "of the user's table", "user-default": "of the user's table", "user-id-column": "of the user's table",
	"user-model": "of the user's table", "username-column": "of the user's table",
}

// TestWrongSettings: what serve, check and check --deploy say of each flag that is wrong, and
// a flag without a row fails.
func TestWrongSettings(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "open"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"key": strings.Repeat("0123456789abcdef", 4), "weak": strings.Repeat("weak", 10)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"broken-home/home.html":               "{{end}}",
		"script.svg":                          `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script/></svg>`,
		"broken/login.html":                   "{{define \"main\"}}\n{{end}}{{end}}",
		"broken-emails/emails/invitation.txt": "Welcome\n\n{{.",
	} {
		writeBelow(t, dir, name, text)
	}
	for _, row := range wrongSettings {
		t.Run(row.flag+"="+row.value, func(t *testing.T) {
			t.Parallel()
			row.test(t, dir)
		})
	}
	for _, name := range serveFlags(t) {
		has := slices.ContainsFunc(wrongSettings, func(row wrong) bool { return row.flag == name })
		if _, free := neverWrong[name]; has == free {
			t.Errorf("--%s has to be in one of both tables: in wrongSettings with a value that is wrong, or in neverWrong", name)
		}
	}
}

// writeBelow writes a file, and makes its folders.
func writeBelow(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (row wrong) test(t *testing.T, dir string) {
	args := append(strings.Fields(row.with), "--"+row.flag+"="+strings.ReplaceAll(row.value, "DIR", dir))
	expect := func(command string, fails, says bool) {
		t.Helper()
		text, failed := say(t, dir, append(strings.Fields(command), args...)...)
		if failed != fails || strings.Contains(text, row.says) != says {
			t.Errorf("%s: failed %v, want %v; says %q: want %v\n%s", command, failed, fails, row.says, says, text)
		}
	}
	if row.seen != deploy {
		expect("serve", row.seen != warned, true)
	}
	if row.seen == deploy {
		expect("check", false, false)
	}
	if row.seen != serveOnly {
		expect("check --deploy", row.seen == refuses, true)
	}
}

// say runs a command in this process and returns what it says. A server stops as soon as it
// serves.
func say(t *testing.T, dir string, args ...string) (text string, failed bool) {
	t.Helper()
	given := strings.Join(args, " ")
	for flag, value := range map[string]string{
		"--secret-key-file": filepath.Join(dir, "key"), "--database": "sqlite::memory:", "--addr": "127.0.0.1:0", "--password-iterations": "1000",
	} {
		if !strings.Contains(given, flag+"=") {
			args = append(args, flag+"="+value)
		}
	}
	var commands cli
	parser, err := commands.parser()
	if err != nil {
		t.Fatal(err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err.Error(), true
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var said bytes.Buffer
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(&console.Console{Out: untilServing{cancel}, Err: &said})
	err = command.Run()
	return fmt.Sprint(said.String(), err), err != nil
}

// untilServing cancels when the server says where it is.
type untilServing struct{ cancel func() }

func (u untilServing) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("Coatcheck is at ")) {
		u.cancel()
	}
	return len(p), nil
}

// serveFlags are the names of serve's flags.
func serveFlags(t *testing.T) []string {
	t.Helper()
	parser, err := (&cli{}).parser()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == "serve" })
	var names []string
	for _, flag := range parser.Model.Children[at].Flags {
		names = append(names, flag.Name)
	}
	if len(names) < 80 {
		t.Fatalf("serve has %d flags", len(names))
	}
	return names
}
