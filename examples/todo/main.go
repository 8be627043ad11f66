// Command todo is a to-do list with accounts: its own table, a page for staff, messages, and
// JSON. It keeps everything in todo.db, or in the PostgreSQL database of DATABASE_URL.
//
//	go run ./todo
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	db, err := open(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer db.Close()
	key, err := secretKey("todo.secret")
	if err != nil {
		return err
	}
	site, err := coatcheck.New(configured(coatcheck.Config{Database: db, Keys: coatcheck.Keys{Secret: key}}))
	if err != nil {
		return err
	}
	go site.Run(ctx)
	log.Println("http://127.0.0.1:8000/")
	server := &http.Server{Addr: "127.0.0.1:8000", Handler: routes(site), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err = server.ListenAndServe(); errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// open returns the database with the program's table.
func open(ctx context.Context, url string) (db *database.DB, err error) {
	if url == "" {
		db, err = sqlite.Open(ctx, "todo.db")
	} else {
		db, err = postgres.Open(ctx, url)
	}
	if err != nil {
		return nil, err
	}
	return db, createTable(ctx, db)
}

// secretKey returns SECRET_KEY, or the key in the file, which the first run creates.
func secretKey(file string) (string, error) {
	if key := os.Getenv("SECRET_KEY"); key != "" {
		return key, nil
	}
	key, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		key = []byte(rand.Text() + rand.Text())
		err = os.WriteFile(file, key, 0o600)
	}
	return string(key), err
}

// routes is the whole program, wrapped with the session, the user and the messages.
func routes(site *coatcheck.Site) http.Handler {
	list := items{site.Database.SQL()}
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /{$}", site.RequireUser(middleware.HandlerFunc(list.page)))
	mux.Handle("POST /add", site.RequireUser(middleware.HandlerFunc(list.add)))
	mux.Handle("POST /done/{id}", site.RequireUser(middleware.HandlerFunc(list.done)))
	mux.Handle("GET /staff", site.Require(isStaff)(middleware.HandlerFunc(list.staff)))
	mux.Handle("GET /api/items", site.API().RequireUser(middleware.HandlerFunc(list.json)))
	return site.Handler(site.Messages(mux))
}

//go:embed pages.html
var pages string

var templates = template.Must(template.New("").Parse(pages))

func (l items) page(w http.ResponseWriter, r *http.Request) error {
	user, mine, err := l.mine(r)
	if err != nil {
		return err
	}
	notices, err := messages.Take(r.Context())
	if err != nil {
		return err
	}
	all := map[string]any{"User": user, "Items": mine, "Messages": notices}
	return templates.ExecuteTemplate(w, "list", all)
}

func (l items) add(w http.ResponseWriter, r *http.Request) error {
	text := strings.TrimSpace(r.FormValue("text"))
	if text == "" || len(text) > 200 {
		middleware.Say(w, r, http.StatusBadRequest, "Please enter something to do, of at most 200 bytes.")
		return nil
	}
	user, err := auth.UserFromContext(r.Context())
	if err == nil {
		err = l.insert(r.Context(), user, text)
	}
	return back(w, r, "Added: "+text, err)
}

func (l items) done(w http.ResponseWriter, r *http.Request) error {
	user, err := auth.UserFromContext(r.Context())
	if err == nil {
		err = l.remove(r.Context(), user, r.PathValue("id"))
	}
	return back(w, r, "Well done.", err)
}

// back redirects to the list, which shows the message once.
func back(w http.ResponseWriter, r *http.Request, message string, err error) error {
	if err == nil {
		err = messages.Success(r.Context(), message)
	}
	if err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
	return err
}

func (l items) json(w http.ResponseWriter, r *http.Request) error {
	_, mine, err := l.mine(r)
	if err == nil {
		w.Header().Set("Content-Type", "application/json")
		err = json.NewEncoder(w).Encode(map[string]any{"items": mine})
	}
	return err
}
