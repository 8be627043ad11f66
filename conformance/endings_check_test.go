package conformance_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/coatcheck/coatcheck/database"
)

// endingLinks finds the link in an email: its path, and its kind.
var endingLinks = regexp.MustCompile(
	endingBase + `(/accounts/(` + linkConfirm + `|` + linkNotMe + `|` + linkReset + `)/\S+/)\n`,
)

// A sentMail is an email with a link of a kind, or without one.
type sentMail struct{ kind, path, to string }

// expect delivers the emails, which must be these, in any order; path is not looked at.
// The links in them are the user's from now on.
func (s *endingStep) expect(u *endingUser, want ...sentMail) {
	s.Helper()
	got := s.mails(s)
	var texts, wanted []string
	for _, m := range want {
		if m.to != "" { // who has no address gets no email
			wanted = append(wanted, m.kind+" to "+m.to)
		}
	}
	for _, m := range got {
		texts = append(texts, m.kind+" to "+m.to)
	}
	slices.Sort(texts)
	slices.Sort(wanted)
	if !slices.Equal(texts, wanted) {
		s.Fatalf("emails: %q, want %q", texts, wanted)
	}
	for _, m := range got {
		if m.kind == "" {
			continue
		}
		s.now++
		s.links = append(s.links, &endingLink{
			mark: s.mark(u), kind: m.kind, path: m.path, user: u, to: m.to, at: s.now, old: u.email, login: s.login(u),
		})
	}
}

// stored is the user as stored.
func (s *endingStep) stored(u *endingUser) *database.User {
	s.Helper()
	user, err := s.own.db.UserByID(s.t.Context(), u.id)
	if err != nil {
		s.Fatalf("%v", err)
	}
	return user
}

// login is the second of the user's last login, on which the links to a new password
// depend.
func (s *endingStep) login(u *endingUser) int64 {
	s.Helper()
	if at := s.stored(u).LastLogin; !at.IsZero() {
		return at.Unix()
	}
	return 0
}

// checkUsers checks the address, and whether the account is open.
func (s *endingStep) checkUsers() {
	s.Helper()
	for _, u := range s.users {
		got := s.stored(u)
		if got.Email != u.email || got.IsActive != u.active || got.Password.Usable() == u.closed {
			s.Fatalf("%s has the address %q, active %v, a password %v; want %q, %v, %v",
				u.name, got.Email, got.IsActive, got.Password.Usable(), u.email, u.active, !u.closed)
		}
	}
}

// checkAll checks of every session and every link whether it works: here, at the Django,
// or on both sides in either order. To look may end a session for good, so a side that
// was left out leaves more to later steps. What was found to have ended is looked at
// again in the final check, which is on both sides.
func (s *endingStep) checkAll(final bool) {
	s.Helper()
	tickets := slices.DeleteFunc(slices.Clone(s.tickets), func(t *ticket) bool { return t.settled && !final })
	sides := []func([]*ticket){s.checkHere, s.checkThere}
	if rapid.Bool().Draw(s.T, "Django first") {
		slices.Reverse(sides)
	}
	if !final && !s.mostly("both sides") {
		sides = sides[:1]
	}
	for _, check := range sides {
		check(tickets)
	}
	for _, t := range tickets {
		t.settled = t.gone && len(sides) == 2
	}
	s.checkLinks(final)
}

// checkHere checks whom each session signs in here.
func (s *endingStep) checkHere(tickets []*ticket) {
	s.Helper()
	for _, t := range tickets {
		s.lookAt(&endingClient{name: "a copy of the cookie", cookie: t.key}, t)
	}
}

// lookAt is a request here, with the cookie of a session.
func (s *endingStep) lookAt(c *endingClient, t *ticket) {
	s.Helper()
	before := describe(t)
	want := s.lookHere(t)
	status, got := s.ask(s, c, http.MethodGet, "/twin/whoami/", nil)
	if status != http.StatusOK || got["is_authenticated"] != want || want && got["user"] != t.user.name {
		s.Fatalf("%s, here: %d, signed in is %v as %v; want %v (%s)",
			c.name, status, got["is_authenticated"], got["user"], want, before)
	}
}

// checkThere checks whom each session signs in at the Django.
func (s *endingStep) checkThere(tickets []*ticket) {
	s.Helper()
	keys := make([]string, len(tickets))
	for i, t := range tickets {
		keys[i] = t.key
	}
	status, answer := s.postDjango(nil, "/twin/signed-in/", fields{"keys": keys})
	seen, ok := answer["sessions"].([]any)
	if status != http.StatusOK || !ok {
		s.Fatalf("Django: %d %v", status, answer)
	}
	for i, t := range tickets {
		one := seen[i].([]any)
		username, key := one[0].(string), one[1].(string)
		before := describe(t)
		if want := s.lookThere(t, key); (username == t.user.name) != want {
			s.Fatalf("a session of %s at the Django signs in %q; want %v (%s)", t.user.name, username, want, before)
		}
	}
}

// checkLinks opens every link. That changes nothing.
func (s *endingStep) checkLinks(final bool) {
	s.Helper()
	logins := map[*endingUser]int64{}
	for _, u := range s.users {
		logins[u] = s.login(u)
	}
	for _, l := range s.links {
		if l.settled && !final {
			continue
		}
		l.settled = s.over(l)
		want := http.StatusGone
		if s.opens(l, logins[l.user]) {
			want = http.StatusOK
		}
		if status, body := s.ask(s, nil, http.MethodGet, l.path, nil); status != want {
			s.Fatalf("a link %s of %s to %s: %d %v; want %d (%+v)", l.kind, l.user.name, l.to, status, body, want, *l)
		}
	}
}

// checkLists checks what the list of sessions shows to every client.
func (s *endingStep) checkLists() {
	s.Helper()
	for _, c := range s.clients {
		if t := s.ticket(c.cookie); s.here(t) {
			s.list(c, t)
		}
	}
}

// useLinks tries all links that ended, in the end: they do nothing.
func (s *endingStep) useLinks() {
	s.Helper()
	for _, l := range s.links {
		if s.opens(l, s.login(l.user)) {
			continue
		}
		status, body := s.post(nil, l.path, fields{"new_password1": s.newPassword()})
		if status != http.StatusGone {
			s.Fatalf("a link %s of %s that ended: %d %v", l.kind, l.user.name, status, body)
		}
	}
	s.expect(nil)
	s.checkUsers()
}

// describe is a session as the model has it, for the message of a failure.
func describe(t *ticket) string {
	if t == nil {
		return "no session"
	}
	var text []string
	for name, is := range map[string]bool{"stamped": t.stamped, "indexed": t.indexed, "gone": t.gone} {
		if is {
			text = append(text, name)
		}
	}
	slices.Sort(text)
	return strings.Join(append(text, t.user.name+"'s"), " ")
}
