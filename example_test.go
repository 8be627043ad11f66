package coatcheck_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/access"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/signing"
)

// A whole program: accounts, a page for everybody and a page for users.
func Example() {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, "app.db")
	if err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{Database: db, Keys: coatcheck.Keys{Secret: os.Getenv("SECRET_KEY")}})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /profile", site.RequireUser(http.HandlerFunc(profile)))
	go site.Run(ctx)
	log.Fatal(http.ListenAndServe("127.0.0.1:8000", site.Handler(mux)))
}

func profile(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	fmt.Fprintf(w, "hello %s\n", user)
}

// The way of a user through the account pages: signing up creates no session,
// logging in does, and logging out ends it on the server.
func ExampleSite_Handler() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /profile", site.RequireUser(http.HandlerFunc(profile)))
	browser, stop := newBrowser(site.Handler(mux))
	defer stop()

	browser.post("/accounts/signup/", "username=alice&password=correct+horse")
	browser.get("/profile")
	browser.post("/accounts/login/", "username=alice&password=correct+horse")
	browser.get("/profile")
	browser.post("/accounts/logout/", "")
	browser.get("/profile")
	// Output:
	// POST /accounts/signup/ 201 {"message":"User created successfully"}
	// GET /profile 302 to /accounts/login/?next=/profile
	// POST /accounts/login/ 200 {"message":"Login successful","user":{"id":"1","username":"alice","email":"","is_staff":false,"is_superuser":false}}
	// GET /profile 200 hello alice
	// POST /accounts/logout/ 200 {"message":"Logout successful"}
	// GET /profile 302 to /accounts/login/?next=/profile
}

// A login view of one's own is three calls.
func Example_login() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /enter", func(w http.ResponseWriter, r *http.Request) {
		user, err := site.Auth.Authenticate(r.Context(), auth.Credentials{
			Username: r.FormValue("name"), Password: r.FormValue("word"), Request: r,
		})
		if errors.Is(err, auth.ErrInvalidCredentials) {
			http.Error(w, "no such user, or another password", http.StatusForbidden)
			return
		}
		if err == nil {
			err = site.Auth.Login(r, user)
		}
		if err != nil {
			middleware.Fail(w, r, err) // too busy, or the database is down: 503
			return
		}
		fmt.Fprintf(w, "welcome, %s\n", user)
	})
	mux.HandleFunc("GET /profile", profile)
	browser, stop := newBrowser(site.Handler(mux))
	defer stop()

	if _, err := site.Auth.CreateUser(context.Background(), auth.NewUser{Username: "alice", Password: "correct horse"}); err != nil {
		log.Fatal(err)
	}
	browser.get("/profile")
	browser.post("/enter", "name=alice&word=wrong")
	browser.post("/enter", "name=alice&word=correct+horse")
	browser.get("/profile")
	// Output:
	// GET /profile 200 hello AnonymousUser
	// POST /enter 403 no such user, or another password
	// POST /enter 200 welcome, alice
	// GET /profile 200 hello alice
}

// Users log in by their username or their email address.
func Example_loginBy() {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	key := "a long random text that stays the same"
	config := coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: key},
		Logins:   coatcheck.LoginOptions{By: identity.ByEither},
	}
	config.Site.Logger = slog.New(slog.DiscardHandler)
	site, err := coatcheck.New(config)
	if err != nil {
		log.Fatal(err)
	}
	browser, stop := newBrowser(site.Handler(site.Views))
	defer stop()

	_, err = site.Auth.CreateUser(context.Background(), auth.NewUser{
		Username: "alice", Email: "alice@example.com", Password: "correct horse",
	})
	if err != nil {
		log.Fatal(err)
	}
	browser.post("/accounts/login/", "username=Alice@example.com&password=correct+horse")
	// Output:
	// POST /accounts/login/ 200 {"message":"Login successful","user":{"id":"1","username":"alice","email":"alice@example.com","is_staff":false,"is_superuser":false}}
}

// Guards admit everybody who is signed in, or users who have a permission, pass a test, or
// logged in a short while ago. The guards of site.API() never redirect.
func Example_access() {
	site, stop := newSite()
	defer stop()
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "come in") })
	isStaff := func(_ *http.Request, u *auth.User) (bool, error) { return u.IsStaff, nil }
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /users", site.RequireUser(ok))
	mux.Handle("GET /staff", site.Require(isStaff)(ok))
	mux.Handle("GET /admit", site.RequirePermission("auth.add_user")(ok))
	mux.Handle("GET /keys", site.Fresh(10*time.Minute)(ok))
	mux.Handle("GET /api/users", site.API().RequireUser(ok))
	browser, stop := newBrowser(site.Handler(mux))
	defer stop()

	alice, err := site.Auth.CreateUser(context.Background(), auth.NewUser{Username: "alice", Password: "correct horse"})
	if err != nil {
		log.Fatal(err)
	}
	browser.get("/admit")
	browser.get("/api/users")
	browser.post("/accounts/login/", "username=alice&password=correct+horse")
	browser.get("/users")
	browser.get("/staff")
	browser.get("/admit")
	browser.get("/keys")
	if err := site.Database.GrantUser(context.Background(), alice.ID, "auth.add_user"); err != nil {
		log.Fatal(err)
	}
	browser.get("/admit")
	// Output:
	// GET /admit 302 to /accounts/login/?next=/admit
	// GET /api/users 401 {"error":"Unauthorized"}
	// POST /accounts/login/ 200 {"message":"Login successful","user":{"id":"1","username":"alice","email":"","is_staff":false,"is_superuser":false}}
	// GET /users 200 come in
	// GET /staff 403 {"error":"You are signed in as alice, and this account may not open this page. To use another account, log out first."}
	// GET /admit 403 {"error":"You are signed in as alice, and this account may not open this page. To use another account, log out first."}
	// GET /keys 200 come in
	// GET /admit 200 come in
}

// A handler that returns an error leaves the response to middleware.Fail.
func Example_handlerFunc() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.Handle("GET /coats/{id}", middleware.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		var name string
		err := site.Database.SQL().QueryRowContext(r.Context(), "SELECT name FROM coat WHERE id = ?", r.PathValue("id")).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			middleware.Say(w, r, http.StatusNotFound, "There is no such coat.")
			return nil
		}
		if err != nil {
			return err // 503, and the error goes to the log
		}
		fmt.Fprintln(w, name)
		return nil
	}))
	browser, stop := newBrowser(site.Handler(mux))
	defer stop()

	browser.get("/coats/1")
	if _, err := site.Database.SQL().ExecContext(context.Background(), "CREATE TABLE coat (id INTEGER, name TEXT)"); err != nil {
		log.Fatal(err)
	}
	browser.get("/coats/1")
	// Output:
	// GET /coats/1 503 {"error":"We cannot reach our records right now. You have not been logged out. Please try again in a few seconds."}
	// GET /coats/1 404 {"error":"There is no such coat."}
}

// A session keeps values of any type between the requests of a visitor, signed
// in or not.
func Example_session() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /cart", func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.FromContext(r.Context())
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		cart, _, err := sessions.Get[[]string](r.Context(), session, "cart")
		if err == nil {
			cart = append(cart, r.FormValue("item"))
			err = session.Set(r.Context(), "cart", cart)
		}
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		fmt.Fprintln(w, cart)
	})
	browser, stop := newBrowser(site.Handler(mux))
	defer stop()

	browser.post("/cart", "item=coat")
	browser.post("/cart", "item=hat")
	// Output:
	// POST /cart 200 [coat]
	// POST /cart 200 [coat hat]
}

// Without the front door: the floors, wired by hand.
func Example_wiring() {
	ctx := context.Background()
	key := "a long random text that stays the same"
	db, err := sqlite.Open(ctx, ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: key}})
	if err != nil {
		log.Fatal(err)
	}
	engine, err := sessions.New(sessions.Config{Store: dbstore.New(db, codec), CookieName: "ticket"})
	if err != nil {
		log.Fatal(err)
	}
	service, err := auth.New(auth.Config{Users: db, Keys: signing.Keys{Secret: key}})
	if err != nil {
		log.Fatal(err)
	}
	guard, err := access.New(access.Config{Auth: service, LoginURL: "/enter"})
	if err != nil {
		log.Fatal(err)
	}
	crossOrigin, err := middleware.CrossOrigin()
	if err != nil {
		log.Fatal(err)
	}
	wrap := middleware.Chain(crossOrigin, middleware.Sessions(engine), middleware.Authentication(service))

	mux := http.NewServeMux()
	mux.Handle("GET /profile", guard.RequireUser(http.HandlerFunc(profile)))
	browser, stop := newBrowser(wrap(mux))
	defer stop()
	browser.get("/profile")
	// Output:
	// GET /profile 302 to /enter?next=/profile
}

// member is a row of accounts_member, a user model of the site's own.
type member struct {
	auth.User
	Company string         `column:"company"`
	Phone   sql.NullString `column:"phone"`
}

// The users of a Django site that has AUTH_USER_MODEL = "accounts.Member", with a
// UUID for a key and login by email address.
func Example_userModel() {
	ctx := context.Background()
	db, err := postgres.Config{
		DSN: os.Getenv("DATABASE_URL"),
		UserModel: database.UserModel{
			Table: "accounts_member", IDType: database.UUIDID, UsernameColumn: "email",
			Columns:  map[string]string{"first_name": "", "last_name": ""}, // the model lacks them
			Extra:    []string{"company", "phone"},
			Defaults: map[string]any{"company": ""}, // as in models.py
		},
	}.Open(ctx)
	if err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{Database: db, Keys: coatcheck.Keys{Secret: os.Getenv("SECRET_KEY")}})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("GET /company", site.RequireUser(http.HandlerFunc(company)))
}

func company(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	member, err := auth.As[member](user)
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	fmt.Fprintln(w, member.Email, "is of", member.Company)
}

// A site behind a web server that checks users itself, by Kerberos or a client
// certificate, and names them in a header.
func Example_remoteUser() {
	db, err := sqlite.Open(context.Background(), "app.db")
	if err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: os.Getenv("SECRET_KEY")},
		Web: coatcheck.WebOptions{
			RemoteUser: &middleware.RemoteUserConfig{Header: "X-Remote-User", Trusted: []string{"127.0.0.1"}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("GET /profile", site.RequireUser(http.HandlerFunc(profile)))
}
