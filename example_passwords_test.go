package coatcheck_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/password/validate"
)

// Beside a Django 5.2, with longer passwords than it asks for.
func Example_passwords() {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	key := "the SECRET_KEY of the Django site"

	iterations, _ := password.DjangoIterations("5.2")
	hashers := password.DefaultHashers()
	hashers[0] = password.PBKDF2SHA256{Iterations: iterations}
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: key},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: hashers},
			Validators: []validate.Validator{
				validate.UserAttributeSimilarity{},
				validate.MinimumLength{MinLength: 12},
				validate.CommonPassword{},
				validate.Numeric{},
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(site.Auth.ValidatePassword(context.Background(), "correct", nil))
	// Output:
	// This password is too short. It must contain at least 12 characters.
}

// A link by which a user who forgot the password sets another.
func Example_resetToken() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reset/{uid}/{token}/", func(w http.ResponseWriter, r *http.Request) {
		user, err := site.Auth.UserByUID(r.Context(), r.PathValue("uid"))
		if errors.Is(err, auth.ErrNoUser) || err == nil && !site.Auth.CheckResetToken(user, r.PathValue("token")) {
			http.Error(w, "this link was used already, or is too old", http.StatusForbidden)
			return
		}
		if err == nil {
			err = site.Auth.ValidatePassword(r.Context(), r.FormValue("word"), user)
		}
		var wrong validate.Errors
		if errors.As(err, &wrong) {
			http.Error(w, strings.Join(wrong.Messages(), " "), http.StatusUnprocessableEntity)
			return
		}
		if err == nil {
			err = site.Auth.SetPassword(r.Context(), user, r.FormValue("word"))
		}
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		fmt.Fprintln(w, "done")
	})
	browser, stop := newBrowser(site.Handler(mux))
	defer stop()
	user, err := site.Auth.CreateUser(context.Background(), auth.NewUser{Username: "alice", Email: "alice@example.com", Password: "correct horse"})
	if err != nil {
		log.Fatal(err)
	}

	path := "/reset/" + resettoken.EncodeUID(user.ID) + "/" + site.Auth.MakeResetToken(user) + "/"
	for _, word := range []string{"alice-9", "battery staple", "another one"} {
		browser.quietly(path, url.Values{"word": {word}})
	}
	// Output:
	// 422 The password is too similar to the username. This password is too short. It must contain at least 8 characters.
	// 200 done
	// 403 this link was used already, or is too old
}

// quietly posts a form to a path that is not the same each time.
func (b *browser) quietly(path string, form url.Values) {
	got, err := b.client.PostForm(b.base+path, form)
	if err != nil {
		log.Fatal(err)
	}
	defer got.Body.Close()
	text := make([]byte, 200)
	n, _ := got.Body.Read(text)
	fmt.Println(got.StatusCode, strings.TrimSpace(string(text[:n])))
}
