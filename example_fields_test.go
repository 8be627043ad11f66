package coatcheck_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/userfields"
	"github.com/coatcheck/coatcheck/views"
)

// Columns of the program's own, which sign-up and profile ask for.
func Example_userFields() {
	db, err := sqlite.Config{DSN: ":memory:", UserModel: database.UserModel{
		Fields: []userfields.Field{
			{Name: "company", MaxLength: 30, Required: true},
			{Name: "born", Type: userfields.Date, Label: "Date of birth", Help: "For your birthday present."},
			{Name: "points", Type: userfields.Integer, Shown: userfields.Nowhere, Default: "10"},
		},
	}}.Open(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same"},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(views.Path, site.Views)
	server := httptest.NewServer(site.Handler(mux))
	defer server.Close()

	signUp := func(body string) {
		got, err := http.Post(server.URL+"/accounts/signup/", "application/json", bytes.NewBufferString(body))
		if err != nil {
			log.Fatal(err)
		}
		defer got.Body.Close()
		text, _ := io.ReadAll(got.Body)
		fmt.Printf("%d %s", got.StatusCode, text)
	}
	signUp(`{"username": "ada", "password": "a long passphrase", "born": "1815"}`)
	signUp(`{"username": "ada", "password": "a long passphrase", "company": "Engines", "born": "1815-12-10", "points": 999}`)

	user, err := site.Auth.UserByUsername(context.Background(), "ada")
	if err != nil {
		log.Fatal(err)
	}
	type member struct {
		auth.User
		Company string `column:"company"`
		Born    string `column:"born"`
		Points  int    `column:"points"`
	}
	m, err := auth.As[member](user)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Username, m.Company, m.Born, m.Points)
	// Output:
	// 400 {"error":"Company: This field is required. Date of birth: Enter a valid date.","fields":{"born":["Enter a valid date."],"company":["This field is required."]}}
	// 201 {"message":"User created successfully"}
	// ada Engines 1815-12-10 10
}
