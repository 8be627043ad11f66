package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/signing"
)

const canary = "CANARY-that-nobody-may-see"

// printed is everything that fmt, slog and encoding/json make of a value, also
// when it is a part of another.
func printed(v any) string {
	var b bytes.Buffer
	part := struct{ Part any }{v}
	for _, v := range []any{v, part, []any{v}} {
		fmt.Fprintf(&b, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
		text, err := json.Marshal(v)
		fmt.Fprintf(&b, "%s %v\n", text, err)
		for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
			slog.New(h).Info("m", "v", v)
		}
	}
	fmt.Fprintf(&b, "%v", errors.Join(fmt.Errorf("wrapped: %v", v)))
	return b.String()
}

func TestSecretsDoNotPrint(t *testing.T) {
	db := openDB(t)
	config := auth.Config{Users: db, Passwords: hashers(t, 1), Keys: signing.Keys{Secret: canary, Fallbacks: []string{canary + "-2"}}, Logger: quiet()}
	service, err := auth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	user := auth.User{ID: "1", Username: "ada", Password: canary, IsActive: true}
	credentials := auth.Credentials{Username: "ada", Password: canary, Extra: map[string]string{"otp": canary}}
	newUser := auth.NewUser{Username: "ada", Password: canary}
	for name, v := range map[string]any{
		"Credentials": credentials, "*Credentials": &credentials, "NewUser": newUser, "*NewUser": &newUser,
		"Config": config, "*Config": &config, "*Service": service, "User": user, "*User": &user, "Hash": user.Password,
		"backend": &auth.ModelBackend{Users: db, Passwords: config.Passwords},
	} {
		text := printed(v)
		hex := fmt.Sprintf("%x", canary)
		if strings.Contains(text, canary) || strings.Contains(text, hex) {
			t.Errorf("%s prints its secret:\n%s", name, text)
		}
		if !strings.Contains(name, "onfig") && !strings.Contains(name, "Service") && !strings.Contains(name, "backend") &&
			name != "Hash" && !strings.Contains(text, "ada") {
			t.Errorf("%s does not say who it is:\n%s", name, text)
		}
	}
	if text, err := json.Marshal(user); err != nil || !strings.Contains(string(text), `"Username":"ada"`) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestSecretsAreNotLogged: neither the log nor an error of a whole life with
// logins and failures holds a secret.
func TestSecretsAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(c *auth.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	ada, err := r.CreateUser(t.Context(), auth.NewUser{Username: "ada", Password: canary})
	if err != nil {
		t.Fatal(err)
	}
	say := func(err error) { fmt.Fprintln(&log, err) }
	_, err = r.CreateUser(t.Context(), auth.NewUser{Username: "ada", Password: canary})
	say(err)
	_, err = r.authenticate("ada", canary+"wrong")
	say(err)
	_, err = r.authenticate("nobody", canary)
	say(err)
	_, err = r.authenticate(canary, "ada") // typed into the wrong field
	say(err)
	b := r.browser()
	b.login(ada.ID)
	key := b.key()
	for _, fail := range []func(error){r.store.FailWith, r.users.failWith} {
		fail(errOutage)
		_, err = b.visit(func(req *http.Request) error { _, err := auth.UserFromContext(req.Context()); return err })
		say(err)
		_, err = b.visit(r.Logout)
		say(err)
		_, err = r.authenticate("ada", canary)
		say(err)
		fail(nil)
	}
	b.must(r.Logout)
	say(r.SetPassword(t.Context(), ada, canary+"2"))
	for what, secret := range map[string]string{
		"password": canary, "session key": key, "hash": ada.Password.Encoded(), "auth hash": r.SessionAuthHash(ada), "secret key": secretKey,
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the %s is in the log:\n%s", what, &log)
		}
	}
	for _, want := range []string{`user=` + ada.ID, `"logged in"`, `"login failed"`, `"logged out"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, &log)
		}
	}
}

// codeSink keeps the codes of the layers above the database.
type codeSink []flow.Code

func (s *codeSink) Emit(_ context.Context, e flow.Event) {
	if e.Code.Layer() != flow.Database {
		*s = append(*s, e.Code)
	}
}

// TestStuckHashIsTold: a stored hash that no password opens causes one warning a
// login, with the user and the algorithm, and a code in the flow, and never the hash or a part of it.
func TestStuckHashIsTold(t *testing.T) {
	for stored, want := range map[string]string{
		"bcrypt$$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i": "algorithm=bcrypt reason=\"unknown or not configured algorithm\" remedy=\"add its hasher to password.Config.Hashers (--accept-hasher bcrypt)\"",
		"hunter2":                          "algorithm=unknown",
		"pbkdf2_sha256$none$salt$hunter2=": "algorithm=pbkdf2_sha256 reason=\"malformed hash\"",
		"pbkdf2_sha256$900000000$hunter2salt$" + strings.Repeat("h", 43) + "=": "algorithm=pbkdf2_sha256 reason=\"hash parameters out of bounds\"",
		"!unusable": "", "": "",
	} {
		var log bytes.Buffer
		r := newRig(t, func(c *auth.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		ada := r.user("ada")
		if err := r.users.SetPassword(t.Context(), ada.ID, password.Hash(stored)); err != nil {
			t.Fatal(err)
		}
		var codes codeSink
		ctx := flow.WithSink(t.Context(), &codes)
		if _, err := r.Authenticate(ctx, auth.Credentials{Username: "ada", Password: "secret"}); !errors.Is(err, auth.ErrInvalidCredentials) {
			t.Errorf("%.20s: %v", stored, err)
		}
		code := flow.Code("password.stuck")
		if want == "" {
			code = "password.unusable"
		}
		if slices.Index(codes, code) != 1 || len(codes) != 3 {
			t.Errorf("%.20s: the flow has %v, want %s", stored, codes, code)
		}
		said := log.String()
		warnings := 1
		if want == "" {
			warnings = 0
		}
		if strings.Count(said, "level=WARN") != warnings {
			t.Errorf("%.20s: the log:\n%s", stored, said)
		}
		if want != "" && !strings.Contains(said, "user="+ada.ID+" "+want) {
			t.Errorf("%.20s: the log has no %s:\n%s", stored, want, said)
		}
		if strings.Contains(said, "hunter2") || strings.Contains(said, "$") {
			t.Errorf("%.20s: the hash is in the log:\n%s", stored, said)
		}
	}
}
