package views_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

// stores runs a test on stores that find keys, and on one that does not.
func stores(t *testing.T, test func(t *testing.T, change func(*coatcheck.Config))) {
	t.Helper()
	onEveryDatabase(t, func(t *testing.T, db *database.DB) { test(t, on(db)) })
	t.Run("cached_db", func(t *testing.T) {
		test(t, func(c *coatcheck.Config) {
			codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: coatchecktest.SecretKey}})
			if err != nil {
				t.Fatal(err)
			}
			cache, err := redis.Open(t.Context(), redis.Config{URL: "redis://" + testenv.Redis(t) + "/0"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(cache.Close)
			c.Sessions.Store, err = cacheddb.New(cacheddb.Config{Rows: dbstore.New(c.Database, codec), Cache: cache, PickleProtocol: 5})
			if err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("a store that finds nothing", func(t *testing.T) {
		test(t, func(c *coatcheck.Config) { c.Sessions.Store = sessionstest.NewMemory() })
	})
}

// place is one session in JSON.
type place struct {
	ID        string    `json:"id"`
	Current   bool      `json:"current"`
	Browser   string    `json:"browser"`
	System    string    `json:"system"`
	IP        string    `json:"ip"`
	Method    string    `json:"method"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// places lists the sessions of anyone who is signed in to the client.
func (c *client) places() []place {
	c.t.Helper()
	a := c.program().get("/accounts/sessions/")
	var list struct {
		Sessions []place `json:"sessions"`
	}
	if err := json.Unmarshal([]byte(a.text), &list); err != nil || a.StatusCode != http.StatusOK {
		c.t.Fatalf("%d %s: %v", a.StatusCode, a.text, err)
	}
	return list.Sessions
}

func TestSessionsJSON(t *testing.T) {
	stores(t, func(t *testing.T, change func(*coatcheck.Config)) {
		s := newWhole(t, change)
		s.user(t, "ada")
		s.user(t, "joe")
		desk, phone, joe := s.enter(t, "ada", firefox), s.enter(t, "ada", safari), s.enter(t, "joe", firefox)
		all := desk.places()
		if len(all) != 2 || !all[0].Current || all[0].Browser != "Firefox" || all[0].System != "Linux" || all[1].Current ||
			all[1].Browser != "Safari" || all[1].System != "iPhone" || all[1].IP != "127.0.0.1" || all[1].Method != "password" ||
			time.Since(all[0].FirstSeen) > time.Minute || all[0].LastSeen.Before(all[0].FirstSeen) {
			t.Fatalf("%+v", all)
		}
		p := desk.program()
		for _, id := range []string{"x", joe.places()[0].ID, strings.Repeat("0", 64)} {
			p.json("/accounts/sessions/end/", `{"id":"`+id+`"}`).wantJSON(t, 404,
				`{"error":"There is no such session of yours. Perhaps it has ended already."}`)
		}
		for _, body := range []string{`{}`, `{"id":""}`, `{"id":1}`} {
			p.json("/accounts/sessions/end/", body).wantJSON(t, 400, `{"error":"Say by its id which session is to end."}`)
		}
		p.json("/accounts/sessions/end/", `{"id":"`+all[1].ID+`"}`).wantJSON(t, 200, `{"message":"Session ended","ended":1}`)
		phone.wantIn(false)
		desk.wantIn(true)

		phone, tablet := s.enter(t, "ada", safari), s.enter(t, "ada", safari)
		p.form("/accounts/sessions/end-others/").wantJSON(t, 200, `{"message":"Sessions ended","ended":2}`)
		phone.wantIn(false)
		tablet.wantIn(false)
		joe.wantIn(true)
		desk.wantIn(true)

		left := desk.places()
		if len(left) != 1 || !left[0].Current {
			t.Fatalf("left: %+v", left)
		}
		a := p.json("/accounts/sessions/end/", `{"id":"`+left[0].ID+`"}`)
		a.wantJSON(t, 200, `{"message":"Session ended","ended":1}`)
		if cookie := a.Header.Get("Set-Cookie"); !strings.Contains(cookie, "Max-Age=0") {
			t.Errorf("ending the present session leaves the cookie: %q", cookie)
		}
		desk.wantIn(false)
	})
}

func TestSessionsNeedALogin(t *testing.T) {
	s := newWhole(t)
	for _, path := range []string{"/accounts/sessions/", "/accounts/sessions/end/", "/accounts/sessions/end-others/"} {
		method := http.MethodPost
		if path == "/accounts/sessions/" {
			method = http.MethodGet
		}
		if a := s.client(t, "application/json").do(method, path, "", ""); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
		s.browser(t).do(method, path, "", "").wantRedirect(t, "/accounts/login/?next="+path)
	}
	// After the login the browser comes back by GET.
	s.browser(t).get("/accounts/sessions/end/").wantRedirect(t, "/accounts/sessions/")
	if a := s.program(t).get("/accounts/sessions/end/"); a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("%d, Allow %q", a.StatusCode, a.Header.Get("Allow"))
	}
}

func TestSessionsPage(t *testing.T) {
	s := newWhole(t)
	s.user(t, "ada")
	desk, phone, thing := s.enter(t, "ada", firefox), s.enter(t, "ada", safari), s.enter(t, "ada", "<b>thing</b>")
	a := desk.get("/accounts/sessions/")
	page := a.page(t)
	cards := page.one("main").one("ul").all("li")
	if len(cards) != 3 || cards[0].one("h2").text() != "Firefox on Linux This one" || cards[0].one("form").Node != nil {
		t.Fatalf("%s", page.one("main").text())
	}
	if got := cards[1].text(); got != "Unknown device IP address: 127.0.0.1 Last seen: just now First seen: just now End" {
		t.Errorf("%q", got)
	}
	events := page.one("main").one("ol").all("li")
	if len(events) != 4 || events[1].text() != "Logged in Safari on iPhone, 127.0.0.1 · just now" ||
		events[3].text() != "Account created, by this site just now" {
		t.Errorf("recent activity: %s", page.one("main").one("ol").text())
	}
	seen := cards[2].one("time")
	at, err := time.Parse(time.RFC3339, seen.attr("datetime"))
	if err != nil || time.Since(at) > time.Minute || !strings.HasSuffix(seen.attr("title"), " UTC") {
		t.Errorf("last seen: %v, %v", seen.Attr, err)
	}
	if button := cards[2].one("button"); page.where("h2", "id", button.attr("aria-describedby")).text() != "Safari on iPhone" {
		t.Errorf("the button says not which session it ends: %v", button.Attr)
	}
	if cache := a.Header.Get("Cache-Control"); !strings.Contains(cache, "no-store") {
		t.Errorf("Cache-Control %q", cache)
	}

	for i, kind := range []string{"computer", "", "phone"} {
		if got := device.Kind([]string{firefox, "<b>thing</b>", safari}[i]); got != kind {
			t.Errorf("session %d is of the kind %q, want %q", i, got, kind)
		}
		if cards[i].one("svg").Node == nil {
			t.Errorf("session %d has no picture", i)
		}
	}
	form := cards[2].one("form")
	a = desk.form(form.attr("action"), "id", form.one("input").attr("value"))
	a.wantRedirect(t, "/accounts/sessions/")
	page = desk.get(a.Header.Get("Location")).page(t)
	if got := page.where("div", "role", "status").text(); got != "Signed out: Safari on iPhone." {
		t.Errorf("notice %q", got)
	}
	phone.wantIn(false)
	if a := desk.form(form.attr("action"), "id", form.one("input").attr("value")); a.StatusCode != http.StatusNotFound {
		t.Errorf("ended twice: %d", a.StatusCode)
	}
	desk.form("/accounts/sessions/end-others/").wantRedirect(t, "/accounts/sessions/")
	thing.wantIn(false)
	if got := desk.get("/accounts/sessions/").page(t).where("div", "role", "status").text(); got != "Signed out: Unknown device." {
		t.Errorf("notice %q", got)
	}
	page = desk.get("/accounts/sessions/").page(t)
	if page.where("div", "role", "status").Node != nil || page.one("main").one("form").Node != nil {
		t.Errorf("%s", page.one("main").text())
	}
	if got := desk.form("/accounts/sessions/end/", "id", desk.places()[0].ID).page(t).one("h1").text(); got != "You are logged out" {
		t.Errorf("ending the present session says %q", got)
	}
	desk.wantIn(false)
}

// A session that another program made, such as a Django, is in the list from its
// first look on.
func TestSessionsOfOthers(t *testing.T) {
	s := newWhole(t)
	ada := s.user(t, "ada")
	c := coatchecktest.NewClient(t, s.whole, s.Config.Handler)
	c.ForceLogin(ada)
	var list struct{ Sessions []place }
	c.Get("/accounts/sessions/").JSON(&list)
	if len(list.Sessions) != 1 || !list.Sessions[0].Current || list.Sessions[0].Method != "elsewhere" {
		t.Errorf("%+v", list.Sessions)
	}
}

// Where there are no tables of our own there is no such page, and no link to it.
func TestNoSessionsWithoutAccounts(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	b.login("ada")
	if a := b.get("/accounts/sessions/"); a.StatusCode != http.StatusNotFound {
		t.Errorf("%d", a.StatusCode)
	}
	if link := b.get("/accounts/profile/").page(t).where("a", "href", "/accounts/sessions/"); link.Node != nil {
		t.Error("the profile links to it")
	}
	w := newWhole(t)
	w.user(t, "ada")
	if link := w.enter(t, "ada", firefox).get("/accounts/profile/").page(t).where("a", "href", "/accounts/sessions/"); link.Node == nil {
		t.Error("the profile does not link to it")
	}
}

// The list costs what the user's own sessions cost, however many others there are.
func TestSessionsCost(t *testing.T) {
	s := newWhole(t)
	ada := s.user(t, "ada")
	desk := s.enter(t, "ada", firefox)
	s.enter(t, "ada", safari)
	s.enter(t, "ada", safari)
	statements := func() (n int) {
		var mu sync.Mutex
		counting := middleware.Trace(func(block string) {
			mu.Lock()
			defer mu.Unlock()
			n += strings.Count(block, "\n  1 Database ")
		})
		mux := http.NewServeMux()
		mux.Handle("/accounts/", s.views)
		c := coatchecktest.NewClient(t, s.whole, counting(s.whole.Handler(mux)))
		c.SetSession(s.whole.Sessions.Session(desk.sessionKey()))
		if got := c.Get("/accounts/sessions/"); strings.Count(got.Body, `"id"`) != 3 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		return n
	}
	statements() // from now on the database knows whose session it is
	few := statements()
	addSessions(t, s, ada.ID+"0", 3000)
	if many := statements(); few == 0 || many != few {
		t.Errorf("%d statements among few sessions, %d among many", few, many)
	}
}

// addSessions adds rows of sessions and of the index, of another user.
func addSessions(t *testing.T, s *wholeSite, userID string, n int) {
	t.Helper()
	err := s.db.Tx(t.Context(), func(ctx context.Context, tx *database.DB) error {
		for i := range n {
			key, now := sessions.NewKey(), time.Now()
			if err := tx.InsertSession(ctx, database.Session{Key: key, Data: "x", Expires: now.Add(time.Hour)}); err != nil {
				return err
			}
			if _, err := own.New(tx).InsertIndexedSession(ctx, own.IndexedSession{
				KeyHash: fmt.Sprintf("%064d", i), UserID: userID, Locator: "p:" + key[:8], Method: "password", Created: now, LastSeen: now,
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
