package conformance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/middleware"
)

// TestRemoteUserTwins replays one story of a web server that names users to a
// Django with RemoteUserMiddleware, to a Coatcheck with its RemoteUser on the same
// database, and to the two in turn with one browser: every time the same has to
// come of it. Then the same with the middleware that lets logins persist.
func TestRemoteUserTwins(t *testing.T) {
	t.Parallel()
	all := testenv.Djangos(t)
	eachDjango(t, func(t *testing.T, version string) {
		databases := []testenv.Database{testenv.SQLiteDatabase(t)}
		if version == all[len(all)-1] {
			databases = testenv.Databases(t)
		}
		for _, db := range databases {
			for _, variant := range []string{"HeaderUser", "PersistentHeaderUser"} {
				t.Run(db.Engine+", "+variant, func(t *testing.T) { remoteUserTwins(t, version, db, variant) })
			}
		}
	})
}

func remoteUserTwins(t *testing.T, version string, db testenv.Database, variant string) {
	p := pair{django: newTwin(t, version, db, "REMOTE_USER="+variant), db: db}
	p.own = newOwnWith(t, db, database.UserModel{}, func(c *coatcheck.Config) {
		c.Web.RemoteUser = &middleware.RemoteUserConfig{
			Header: "X-Remote-User", Trusted: []string{"127.0.0.1"}, Persistent: variant == "PersistentHeaderUser",
		}
	})
	p.django.Start()
	var want []remoteOutcome
	for _, told := range []struct {
		name  string
		sides []side
	}{
		{"Django", []side{p.django}},
		{"Coatcheck", []side{p.own}},
		{"Django and Coatcheck", []side{p.django, p.own}},
		{"Coatcheck and Django", []side{p.own, p.django}},
	} {
		teller := &remoteTeller{t: t, pair: p, b: newBrowser(t), prefix: variant[:1] + strings.ReplaceAll(told.name, " ", "-") + "-"}
		teller.sessions = teller.count()
		var got []remoteOutcome
		for i, step := range remoteStory {
			got = append(got, teller.tell(told.sides[i%len(told.sides)], step))
		}
		if want == nil {
			want = got
			continue
		}
		expected := slices.Clone(want)
		endsAtFirstLook(expected, func(i int) bool { return told.sides[i%len(told.sides)] == p.own })
		for i := range want {
			if diff := cmp.Diff(expected[i], got[i]); diff != "" {
				t.Errorf("%s, step %d, %s (-Django +got):\n%s", told.name, i+1, remoteStory[i].what, diff)
			}
		}
	}
	remoteStoryHolds(t, db, variant, want)
}

// endsAtFirstLook turns Django's outcomes into those where Coatcheck is the one who sees
// that a user is inactive: the session ends then (inactive-user-session).
func endsAtFirstLook(outcomes []remoteOutcome, own func(i int) bool) {
	i := slices.IndexFunc(remoteStory, func(s remoteStep) bool { return s.what == "so she is nobody" })
	if !own(i) {
		return
	}
	o := &outcomes[i]
	o.Cookie, o.User, o.Backend, o.Hash, o.Sessions, o.Signed = "deleted", "", "", 0, 0, false
	outcomes[i+1].Cookie = "left" // nothing is left to end
}

// A remoteStep is a request of the story. In names and bodies ~ stands for what
// makes the names of a telling its own.
type remoteStep struct {
	what   string
	header []string // the lines of X-Remote-User
	path   string   // of a POST; /twin/whoami/ is asked without one
	body   fields
}

var remoteStory = []remoteStep{
	{what: "nobody is named"},
	{what: "an empty name", header: []string{""}},
	{what: "somebody new", header: []string{"~alice"}},
	{what: "the same again", header: []string{"~alice"}},
	{what: "she has an item", header: []string{"~alice"}, path: "/twin/session/", body: fields{"item": "hers"}},
	{what: "it is there", header: []string{"~alice"}},
	{what: "another in the same session", header: []string{"~bob"}},
	{what: "the header is gone"},
	{what: "and still is"},
	{what: "the name is empty", header: []string{""}},
	{what: "letters of another case are another name", header: []string{"~ALICE"}},
	{what: "a realm is a part of the name", header: []string{"~alice@EXAMPLE.COM"}},
	{what: "blanks around are none", header: []string{"  ~alice "}},
	{what: "the view logs her out", header: []string{"~alice"}, path: "/accounts/logout/", body: fields{}},
	{what: "and she is back", header: []string{"~alice"}},
	{what: "she is switched off", header: []string{"~alice"}, path: "/twin/deactivate/", body: fields{"username": "~alice"}},
	{what: "so she is nobody", header: []string{"~alice"}},
	{what: "the view ends the session", path: "/accounts/logout/", body: fields{}},
	{what: "nobody has an item", path: "/twin/session/", body: fields{"item": "nobody's"}},
	{what: "who logs in keeps it", header: []string{"~bob"}},
	{what: "somebody signs up", path: "/accounts/signup/", body: fields{"username": "~carol", "password": somePassword, "email": ""}},
	{what: "logs in by password, without the header", path: "/accounts/login/", body: fields{"username": "~carol", "password": somePassword}},
	{what: "and stays"},
	{what: "is named, too", header: []string{"~carol"}},
	{what: "another is named over a login by password", header: []string{"~bob"}},
	{what: "a wrong password", header: []string{"~bob"}, path: "/accounts/login/", body: fields{"username": "~carol", "password": "wrong"}},
	{what: "a login by password over a remote one", header: []string{"~bob"}, path: "/accounts/login/", body: fields{"username": "~carol", "password": somePassword}},
	{what: "is undone by the next request", header: []string{"~bob"}},
}

// A remoteOutcome is what came of a step, without what is random and the part of
// names that is the telling's own.
type remoteOutcome struct {
	Status              int
	Body                string
	Cookie              string // of the session: left, deleted, new, or the same again
	User, Backend, Item string // by the session as it is stored
	Hash                int    // the letters of its hash
	Sessions, Users     int    // how many more there are than before the story
	Row                 string // of the user who is named
	Signed              bool   // somebody is in the session
}

type remoteTeller struct {
	t        *testing.T
	pair     pair
	b        *browser
	prefix   string
	sessions [2]int // before: sessions and users
}

// count counts sessions and users.
func (r *remoteTeller) count() (n [2]int) {
	r.t.Helper()
	for i, table := range []string{"django_session", "auth_user"} {
		if err := r.pair.own.site.Database.SQL().QueryRowContext(r.t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n[i]); err != nil {
			r.t.Fatal(err)
		}
	}
	return n
}

func (r *remoteTeller) key(s side) string {
	for _, cookie := range r.b.client.Jar.Cookies(mustParse(r.t, s.URL("/"))) {
		if cookie.Name == "sessionid" {
			return cookie.Value
		}
	}
	return ""
}

func (r *remoteTeller) tell(s side, step remoteStep) remoteOutcome {
	r.t.Helper()
	before := r.key(s)
	status, body, line := r.ask(s, step)
	o := remoteOutcome{Status: status, Body: ownUser.ReplaceAllString(body, "")}
	key := r.key(s)
	switch {
	case line == "":
		o.Cookie = "left"
	case key == "":
		o.Cookie = "deleted"
	case key == before:
		o.Cookie = "the same again"
	default:
		o.Cookie = "new"
	}
	r.stored(&o, key)
	for _, name := range step.header {
		o.Row = r.row(strings.TrimSpace(name))
	}
	n := r.count()
	o.Sessions, o.Users = n[0]-r.sessions[0], n[1]-r.sessions[1]
	return o
}

// ask sends the request, and returns what does not vary in whoami's response.
func (r *remoteTeller) ask(s side, step remoteStep) (status int, body, cookie string) {
	r.t.Helper()
	method, path, sent := http.MethodGet, "/twin/whoami/", ""
	if step.path != "" {
		text, err := json.Marshal(step.body)
		if err != nil {
			r.t.Fatal(err)
		}
		method, path, sent = http.MethodPost, step.path, r.own(string(text))
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, s.URL(path), strings.NewReader(sent))
	if err != nil {
		r.t.Fatal(err)
	}
	if sent != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, name := range step.header {
		request.Header.Add("X-Remote-User", r.own(name))
	}
	response, err := r.b.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, line := range response.Header["Set-Cookie"] {
		if strings.HasPrefix(line, "sessionid=") {
			cookie = line
		}
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		r.t.Fatalf("%s: %v: %s", step.what, err, text)
	}
	for _, varies := range []string{"session", "session_key", "user_id"} {
		delete(answer, varies)
	}
	if text, err = json.Marshal(answer); err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, r.common(string(text)), cookie
}

// own puts the telling's own part into names, and common takes it out.
func (r *remoteTeller) own(text string) string    { return strings.ReplaceAll(text, "~", r.prefix) }
func (r *remoteTeller) common(text string) string { return strings.ReplaceAll(text, r.prefix, "~") }

// stored reads the session as it is in the database.
func (r *remoteTeller) stored(o *remoteOutcome, key string) {
	r.t.Helper()
	if key == "" {
		return
	}
	data, err := r.pair.own.site.Sessions.Session(key).Data(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	o.Backend, _ = data.Text("_auth_user_backend")
	o.Item, _ = data.Text("item")
	hash, _ := data.Text("_auth_user_hash")
	id, signed := data.Text("_auth_user_id")
	if o.Hash, o.Signed = len(hash), signed; signed {
		user, err := r.pair.own.site.Database.UserByID(r.t.Context(), id)
		if err != nil {
			r.t.Fatal(err)
		}
		o.User = r.common(user.Username)
	}
}

// row returns what the two sides must agree on in a user's row. The password that
// nobody can log in with is empty in Django's, and unusable in ours: see
// docs/remote-user.md.
func (r *remoteTeller) row(name string) string {
	r.t.Helper()
	if name == "" {
		return "none"
	}
	u, err := r.pair.own.site.Database.UserByUsername(r.t.Context(), r.own(name))
	if err != nil {
		return "none"
	}
	text, err := json.Marshal(map[string]any{
		"name": r.common(u.Username), "email": u.Email, "active": u.IsActive, "staff": u.IsStaff, "superuser": u.IsSuperuser,
		"password": u.Password != "" && u.Password.Usable(), "logged in": !u.LastLogin.IsZero(), "joined": !u.DateJoined.IsZero(),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// remoteStoryHolds reports that Django itself did what the story is about, so that
// two sides that do nothing do not agree.
func remoteStoryHolds(t *testing.T, db testenv.Database, variant string, told []remoteOutcome) {
	t.Helper()
	gone := map[string]string{"HeaderUser": "", "PersistentHeaderUser": "~bob"}[variant]
	shout := "~ALICE"
	if db.Engine == "mysql" { // to which it is the same name
		shout = "~alice"
	}
	for i, want := range map[int]string{
		0: "", 2: "~alice", 5: "~alice", 6: "~bob", 7: gone, 9: "", 10: shout, 14: "~alice", 16: "", 19: "~bob", 22: "~carol", 27: "~bob",
	} {
		if !strings.Contains(told[i].Body, fmt.Sprintf(`"user":%q`, want)) {
			t.Errorf("step %d, %s: the user is not %q: %s", i+1, remoteStory[i].what, want, told[i].Body)
		}
	}
	if told[5].Item != "hers" || told[6].Item != "" || told[19].Item != "nobody's" {
		t.Errorf("the items are %q, %q, %q", told[5].Item, told[6].Item, told[19].Item)
	}
}

// ownUser is what our login says in JSON of the user, beside the message of the twin.
var ownUser = regexp.MustCompile(`,"user":\{[^{}]*\}`)
