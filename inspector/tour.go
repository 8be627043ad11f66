package inspector

import (
	"net/http"
	"net/url"
	"sync"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// stop is a stop of the tour.
type stop struct {
	title string
	text  string // of which what stands between backquotes is code
	do    string // the words of the link
	page  string // the name of the route that it leads to; empty for the home page
	own   string // instead, an address of the inspector, which does it
	after int    // the number of the stop that has to be seen before; 0 for none
	seen  func(*record, *visit) bool
}

// stops are the tour, with the names that Django has for things.
var stops = []stop{
	{
		title: "Sign up: a user, and no session",
		text: "`create_user` hashes the password and stores a row in `auth_user`. Nobody is signed in " +
			"by that: there is no row in `django_session`, and no cookie comes back.",
		do: "Sign up", page: "signup",
		seen: sees("signup.done", "signup.confirmed", "invitation.done"),
	},
	{
		title: "Log in: a session, and a cookie",
		text: "`authenticate()` compares the password. `login()` stores a row in `django_session` under " +
			"a random key, with `_auth_user_id` in it. The browser gets the key, in the cookie " +
			"`sessionid`, and nothing else.",
		do: "Log in", page: "login",
		seen: sees("login.done"),
	},
	{
		title: "A request with the cookie",
		text: "The key finds the row of the session. `_auth_user_id` in it finds the row of the user, " +
			"who becomes `request.user`, if the password is still that of the login.",
		do: "Open the home page", after: 2,
		seen: func(rec *record, _ *visit) bool {
			return rec.has("user.found", "user.found_by_old_key") && !rec.has("logout.done")
		},
	},
	{
		title: "A request without it",
		text: "No key, no session: nothing is read from `django_session`, and `request.user` is " +
			"`AnonymousUser`. The inspector sends this request itself, without any cookie.",
		do: "Send it", own: "tour/without", after: 2,
		seen: func(rec *record, _ *visit) bool {
			return rec.Method == http.MethodGet && rec.has("session.none") && rec.has("user.anonymous")
		},
	},
	{
		title: "A restricted page",
		text: "`login_required` asks for `request.user` before the view runs. A user is let in; " +
			"`AnonymousUser` is redirected to the login page, with the way here in `next`.",
		do: "Open your profile", page: "profile", after: 4,
		seen: sees("access.let_in", "access.redirected", "access.unauthorized"),
	},
	{
		title: "Log out",
		text: "`logout()` deletes the row of `django_session`. The browser is told to forget the cookie " +
			"too, but that is good manners only: without its row the key opens nothing.",
		do: "Log out", page: "logout", after: 2,
		seen: sees("logout.done"),
	},
	{
		title: "The old cookie again",
		text: "Suppose that somebody copied the cookie before the logout, and sends it now. There is no " +
			"row, so there is no session and no user. The inspector sends this request itself, with " +
			"the cookie of the last logout.",
		do: "Send it", own: "tour/old-cookie", after: 6,
		seen: func(rec *record, v *visit) bool {
			return v.old || rec.has("session.missing", "session.expired")
		},
	},
}

// sees returns a function that reports whether a request has a step of one of the codes.
func sees(codes ...flow.Code) func(*record, *visit) bool {
	return func(rec *record, _ *visit) bool { return rec.has(codes...) }
}

// tour is which stops were seen, in which request last, and the cookie of the last logout,
// whose session is gone where sessions can be ended.
type tour struct {
	mu   sync.Mutex // guards what follows
	seen [7]uint64
	old  *http.Cookie
}

// see marks the stops that a request shows, and reports whether one is new.
func (t *tour) see(rec *record, v *visit) (marked bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, s := range stops {
		if (s.after == 0 || t.seen[s.after-1] != 0) && s.seen(rec, v) {
			marked = marked || t.seen[n] == 0
			t.seen[n] = rec.ID
		}
	}
	if rec.has("logout.done") {
		if c, err := v.came.Cookie(rec.cookie); err == nil {
			t.old = &http.Cookie{Name: c.Name, Value: c.Value}
		}
	}
	return marked
}

// marks returns in which requests the stops were seen last, 0 where they were not.
func (t *tour) marks() [7]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}

// oldCookie returns the cookie of the last logout, or nil.
func (t *tour) oldCookie() *http.Cookie {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.old
}

// without sends a request for the home page without any cookie, and shows it.
func (i *Inspector) without(w http.ResponseWriter, r *http.Request) {
	i.show(w, r, i.again(r, requestinfo.Below(r, "/"), nil))
}

// oldCookie sends a request for the profile with the cookie of the last logout, and shows it.
func (i *Inspector) oldCookie(w http.ResponseWriter, r *http.Request) {
	id := uint64(0)
	if old := i.tour.oldCookie(); old != nil {
		id = i.again(r, i.config.Kit.URL(r, "profile"), old)
	}
	i.show(w, r, id)
}

// show redirects to a request.
func (i *Inspector) show(w http.ResponseWriter, r *http.Request, id uint64) {
	query := query{open: id}
	http.Redirect(w, r, requestinfo.Below(r, i.config.Path)+query.String()+"#detail", http.StatusSeeOther)
}

// again sends a request of its own through all that Record is around, as the client who asks
// might, with this cookie alone. It returns the number of its record, or 0 where nothing is
// recorded. The response goes nowhere.
func (i *Inspector) again(r *http.Request, path string, cookie *http.Cookie) uint64 {
	v := visitOf(r.Context())
	if v == nil {
		return 0
	}
	sent := v.came.Clone(v.came.Context())
	sent.Method, sent.URL, sent.RequestURI = http.MethodGet, &url.URL{Path: path}, path
	sent.Body, sent.ContentLength = http.NoBody, 0
	for _, name := range []string{"Cookie", "Authorization", "If-None-Match", "If-Modified-Since", "Range"} {
		sent.Header.Del(name)
	}
	sent.Header.Set("Accept", "text/html")
	if cookie != nil {
		sent.AddCookie(cookie)
	}
	return i.serveVisit(&nowhere{http.Header{}}, &visit{came: sent, handler: v.handler, old: cookie != nil})
}

// nowhere is a response that nobody reads.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(int)             {}
