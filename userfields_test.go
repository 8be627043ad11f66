package coatcheck_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/userfields"
)

// memberFields are a field of each type, and one that no page shows.
var memberFields = []userfields.Field{
	{Name: "company", MaxLength: 30, Required: true},
	{Name: "born", Type: userfields.Date, Label: "Date of birth"},
	{Name: "staff_count", Type: userfields.Integer},
	{Name: "news", Type: userfields.Boolean, Shown: userfields.Signup},
	{
		Name: "plan", Type: userfields.Choice, Default: "free",
		Choices: []userfields.Option{{Value: "free", Label: "For free"}, {Value: "team"}},
	},
	{Name: "score", Type: userfields.Integer, Shown: userfields.Nowhere, Default: "3"},
}

// openFields opens an empty database of a kind whose users have the fields. Called again
// with the same DSN it opens the same one.
func openFields(t *testing.T, db testenv.Database, noCreate bool, fields ...userfields.Field) (*database.DB, error) {
	t.Helper()
	model := database.UserModel{Fields: fields}
	var opened *database.DB
	var err error
	switch db.Engine {
	case "postgresql":
		opened, err = postgres.Config{DSN: db.DSN(), UserModel: model, NoCreate: noCreate}.Open(t.Context())
	case "mysql":
		opened, err = mysql.Config{DSN: db.DSN(), UserModel: model, NoCreate: noCreate}.Open(t.Context())
	default:
		opened, err = sqlite.Config{DSN: db.DSN(), UserModel: model, NoCreate: noCreate}.Open(t.Context())
	}
	if err == nil {
		t.Cleanup(func() { _ = opened.Close() })
	}
	return opened, err
}

// withFields runs a test on a site on each database whose users have the fields.
func withFields(t *testing.T, test func(*testing.T, *coatchecktest.Site), changes ...func(*coatcheck.Config)) {
	t.Helper()
	for _, db := range testenv.Databases(t) {
		t.Run(db.Engine, func(t *testing.T) {
			opened, err := openFields(t, db, false, memberFields...)
			if err != nil {
				t.Fatal(err)
			}
			all := append([]func(*coatcheck.Config){func(c *coatcheck.Config) { c.Database = opened }}, changes...)
			test(t, coatchecktest.NewSite(t, all...))
		})
	}
}

// columns are the fields of a user as they are stored, as text.
func columns(t *testing.T, site *coatchecktest.Site, username string) string {
	t.Helper()
	user, err := site.Database.UserByUsername(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range memberFields {
		var text string
		if err := user.ScanExtra(f.Name, &text); err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Words(text))
	}
	if user.IsStaff || user.IsSuperuser {
		all = append(all, "rights")
	}
	return strings.Join(all, " ")
}

const fieldPassword = "a long enough passphrase"

// newMember is a sign-up with fields, and with columns that nobody may set.
func newMember(name string) map[string]any {
	return map[string]any{
		"username": name, "email": name + "@example.com", "password": fieldPassword,
		"company": " Acme ", "born": "2001-02-03", "staff_count": 7, "news": true, "plan": "team",
		"score": 99, "is_staff": true, "is_superuser": "yes", "is_active": false, "id": 1, "last_login": "2001-01-01",
	}
}

const memberColumns = "Acme 2001-02-03 7 yes team 3"

// TestUserFieldsSignup: the sign-up stores the fields, refuses what is wrong with Django's
// sentences, and sets no column that the page does not show.
func TestUserFieldsSignup(t *testing.T) {
	withFields(t, func(t *testing.T, site *coatchecktest.Site) {
		client := site.NewClient(site.Handler(site.Views))
		if got := client.PostJSON("/accounts/signup/", newMember("ada")); got.Status != http.StatusCreated {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if got := columns(t, site, "ada"); got != memberColumns {
			t.Errorf("stored: %s, want %s", got, memberColumns)
		}
		form := url.Values{
			"username": {"joe"}, "password": {fieldPassword}, "company": {"Ünïcode ☃"}, "born": {""}, "staff_count": {""},
			"news": {"no", "yes"}, "plan": {"free"}, "score": {"99"}, "is_staff": {"yes"},
		}
		if got := client.Post("/accounts/signup/", form); got.Status != http.StatusCreated {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if got, want := columns(t, site, "joe"), "Ünïcode ☃   yes free 3"; got != want {
			t.Errorf("stored: %s, want %s", got, want)
		}
		for name, wrong := range map[string]map[string]any{
			"This field is required.":                                          {"company": "  "},
			"Ensure this value has at most 30 characters (it has 31).":         {"company": strings.Repeat("ü", 31)},
			"Enter a valid date.":                                              {"born": "2001-02-30"},
			"Enter a whole number.":                                            {"staff_count": "seven"},
			"Ensure this value is less than or equal to 2147483647.":           {"staff_count": 2147483648},
			"Select a valid choice. gold is not one of the available choices.": {"plan": "gold"},
			"Enter yes or no.":                                                 {"news": 5},
			"Null characters are not allowed.":                                 {"company": "a\x00b"},
		} {
			body := newMember("eve")
			maps.Copy(body, wrong)
			got := client.PostJSON("/accounts/signup/", body)
			if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, name) {
				t.Errorf("%v: %d %s, want 400 and %s", wrong, got.Status, got.Body, name)
			}
		}
		german := client.NewRequest(http.MethodPost, "/accounts/signup/", strings.NewReader(`{"born": "never"}`))
		german.Header.Set("Content-Type", "application/json")
		german.Header.Set("Accept-Language", "de")
		if got := client.Do(german); !strings.Contains(got.Body, "Bitte ein gültiges Datum eingeben.") {
			t.Errorf("in German: %s", got.Body)
		}
	})
}

// TestUserFieldsProfile: the profile shows the fields and changes those that are sent.
func TestUserFieldsProfile(t *testing.T) {
	withFields(t, func(t *testing.T, site *coatchecktest.Site) {
		client := site.NewClient(site.Handler(site.Views))
		if got := client.PostJSON("/accounts/signup/", newMember("ada")); got.Status != http.StatusCreated {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		user, err := site.Database.UserByUsername(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		client.ForceLogin(user)
		const fields = `"fields":{"born":"2001-02-03","company":"Acme","plan":"team","staff_count":7}`
		if got := client.Get("/accounts/profile/"); !strings.Contains(got.Body, fields) {
			t.Errorf("profile: %s", got.Body)
		}
		change := map[string]any{
			"company": "Babbage & Co.", "born": "", "news": false, "score": 99, "is_superuser": true, "is_staff": true,
			"password": "x", "email": "x@example.com",
		}
		got := client.PostJSON("/accounts/profile/edit/", change)
		const changed = `"fields":{"born":null,"company":"Babbage \u0026 Co.","plan":"team","staff_count":7}`
		if got.Status != http.StatusOK || !strings.Contains(got.Body, changed) {
			t.Errorf("change: %d %s", got.Status, got.Body)
		}
		if got, want := columns(t, site, "ada"), "Babbage & Co.  7 yes team 3"; got != want {
			t.Errorf("stored: %s, want %s", got, want)
		}
		for text, wrong := range map[string]map[string]any{
			"This field is required.": {"company": ""},
			"Enter a valid date.":     {"born": "x", "company": "Lost"},
		} {
			if got := client.PostJSON("/accounts/profile/edit/", wrong); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, text) {
				t.Errorf("%v: %d %s", wrong, got.Status, got.Body)
			}
		}
		if got, want := columns(t, site, "ada"), "Babbage & Co.  7 yes team 3"; got != want {
			t.Errorf("after refusals: %s, want %s", got, want)
		}
		after, err := site.Database.UserByUsername(t.Context(), "ada")
		if err != nil || after.Email != user.Email || after.Password != user.Password {
			t.Errorf("other columns changed: %v", err)
		}
		foreign := client.NewRequest(http.MethodPost, "/accounts/profile/edit/", strings.NewReader("company=Evil"))
		foreign.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		foreign.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := client.Do(foreign); got.Status != http.StatusForbidden {
			t.Errorf("by another site: %d", got.Status)
		}
		if got := site.NewClient(site.Handler(site.Views)).PostJSON("/accounts/profile/edit/", change); got.Status != http.StatusUnauthorized {
			t.Errorf("a visitor: %d", got.Status)
		}
		wantPage(t, client, "/accounts/profile/", "<dt>Date of birth</dt>", "<dd>Babbage &amp; Co.</dd>", "/accounts/profile/edit/")
		wantPage(t, client, "/accounts/profile/edit/", `value="Babbage &amp; Co." maxlength="30" required`, `type="date"`,
			`<option value="team" selected>team</option>`, `<option value="free">For free</option>`)
		wantPage(t, site.NewClient(site.Handler(site.Views)), "/accounts/signup/", `<input id="id_news" name="news" type="checkbox"`, `>Staff count</label>`)
	})
}

// wantPage looks for texts in a page.
func wantPage(t *testing.T, client *coatchecktest.Client, path string, wants ...string) {
	t.Helper()
	r := client.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", "text/html")
	got := client.Do(r)
	for _, want := range wants {
		if !strings.Contains(got.Body, want) {
			t.Errorf("%s has no %s:\n%s", path, want, got.Body)
		}
	}
	if strings.Contains(got.Body, "score") {
		t.Errorf("%s shows what no page shows", path)
	}
}

// TestUserFieldsConfirmed: the fields of a sign-up come through the link that confirms the
// address, and through an invitation.
func TestUserFieldsConfirmed(t *testing.T) {
	links := make(chan string, 10)
	sends := func(c *coatcheck.Config) {
		c.Site.BaseURL = "http://site.example"
		c.Accounts.Mail = linkSender(links)
	}
	withFields(t, func(t *testing.T, site *coatchecktest.Site) {
		client := site.NewClient(site.Handler(site.Views))
		if got := client.PostJSON("/accounts/signup/", newMember("ada")); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if _, err := site.Accounts.SendNext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := client.Post(<-links, nil); got.Status != http.StatusCreated {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if got := columns(t, site, "ada"); got != memberColumns {
			t.Errorf("stored: %s, want %s", got, memberColumns)
		}
	}, sends, func(c *coatcheck.Config) { c.Views.SignupVerification = true })
	withFields(t, func(t *testing.T, site *coatchecktest.Site) {
		link, err := site.Accounts.Invite(t.Context(), "", "en")
		if err != nil {
			t.Fatal(err)
		}
		got := site.NewClient(site.Handler(site.Views)).PostJSON(linkIn.FindString(link), newMember("ada"))
		if got.Status != http.StatusCreated {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if got := columns(t, site, "ada"); got != memberColumns {
			t.Errorf("stored: %s, want %s", got, memberColumns)
		}
	}, sends, func(c *coatcheck.Config) { c.Views.SignupInvitation = true })
}

// linkSender keeps the links of emails.
type linkSender chan<- string

func (s linkSender) Send(_ context.Context, m mail.Message) error {
	s <- linkIn.FindString(m.Text)
	return nil
}

// linkIn finds the path of a link.
var linkIn = regexp.MustCompile(`/accounts/(signup/confirm|invitation)/\w+/`)

// TestUserFieldsAdded: a field that is declared later becomes a column, which plan tells;
// users that there are have its default.
func TestUserFieldsAdded(t *testing.T) {
	for _, db := range testenv.Databases(t) {
		t.Run(db.Engine, func(t *testing.T) {
			first, err := openFields(t, db, false)
			if err != nil {
				t.Fatal(err)
			}
			if err := first.CreateUser(t.Context(), &database.User{Username: "old", IsActive: true}); err != nil {
				t.Fatal(err)
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			later := slices.Clone(memberFields)
			later[0].Default = `it's \ "quoted"`
			looked, err := openFields(t, db, true, later...)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := looked.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, f := range later {
				want = append(want, "added column auth_user."+f.Name)
			}
			if !slices.Equal(plan.Lines(), want) {
				t.Errorf("plan: %q, want %q", plan.Lines(), want)
			}
			config := testConfig(t)
			config.Database = looked
			if _, err := coatcheck.New(config); err == nil || !strings.Contains(err.Error(), "company") ||
				!strings.Contains(err.Error(), "coatcheck migrate") {
				t.Errorf("a site without the columns: %v", err)
			}
			done, err := looked.Migrate(t.Context())
			if err != nil || !slices.Equal(done, want) {
				t.Fatalf("migrate: %q, %v", done, err)
			}
			if again, err := looked.Migrate(t.Context()); err != nil || len(again) > 0 {
				t.Errorf("again: %q, %v", again, err)
			}
			user, err := looked.UserByUsername(t.Context(), "old")
			if err != nil {
				t.Fatal(err)
			}
			var company, plans string
			var score int
			for column, dest := range map[string]any{"company": &company, "plan": &plans, "score": &score} {
				if err := user.ScanExtra(column, dest); err != nil {
					t.Error(err)
				}
			}
			if company != later[0].Default || plans != "free" || score != 3 {
				t.Errorf("of a user that there was: %q %q %d", company, plans, score)
			}
		})
	}
}

// TestUserFieldsRefused: names and settings that cannot be are refused at the start, with a
// sentence.
func TestUserFieldsRefused(t *testing.T) {
	for _, name := range []string{
		"password", "is_staff", "is_superuser", "is_active", "id", "groups", "next", "csrfmiddlewaretoken",
		"Company", "a__b", "a_", "_a", "a b", "a\"", "",
	} {
		_, err := sqlite.Config{DSN: ":memory:", UserModel: database.UserModel{Fields: []userfields.Field{{Name: name}}}}.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("%q: %v", name, err)
		}
	}
	hidden := database.UserModel{Columns: map[string]string{"is_staff": "boss"}, Fields: []userfields.Field{{Name: "boss"}}}
	if _, err := (sqlite.Config{DSN: ":memory:", UserModel: hidden}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("the column of is_staff: %v", err)
	}
	required := userfields.Field{Name: "born", Type: userfields.Date, Required: true}
	db := testenv.SQLiteDatabase(t)
	if _, err := openFields(t, db, false); err != nil {
		t.Fatal(err)
	}
	if _, err := openFields(t, db, false, required); err == nil || !strings.Contains(err.Error(), "Default") {
		t.Errorf("a required date for users that there are: %v", err)
	}
}

// TestUserFieldsNothingLogged: no value of a field is in a log.
func TestUserFieldsNothingLogged(t *testing.T) {
	var log bytes.Buffer
	db, err := openFields(t, testenv.SQLiteDatabase(t), false, memberFields...)
	if err != nil {
		t.Fatal(err)
	}
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Database, c.Site.Logger = db, slog.New(slog.NewTextHandler(&log, nil)) })
	body := newMember("ada")
	body["company"] = "canary-company"
	if got := site.NewClient(site.Handler(site.Views)).PostJSON("/accounts/signup/", body); got.Status != http.StatusCreated {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if log.Len() == 0 || strings.Contains(log.String(), "canary") {
		t.Errorf("the log: %s", log.String())
	}
}
